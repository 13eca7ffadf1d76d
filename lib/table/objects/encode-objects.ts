/**
 * Encodes rows that are JavaScript objects exactly as rows of files are encoded. A text that cannot be recognized is
 * read by the SQL of files; everything else takes no query, so that a request of some hundred rows takes a millisecond.
 */
import type { Declaration } from '../../config/declaration.ts';
import type { TextRules } from '../columns.ts';
import type { Database } from '../database.ts';
import type { Encoder } from '../encoder.ts';
import { type EncodedObjects, EncodingPass, type ObjectRow, type PassSite } from './encoding-pass.ts';
import type { EntityRows } from './entity-rows.ts';
import { type RowPlan, rowPlan } from './feature-plan.ts';
import { withConstants } from './kinds/constants.ts';
import { objectFeature } from './kinds/index.ts';
import { RequestTexts } from './request-texts.ts';
import { rowIdsOf } from './row-ids.ts';
import { TextReader } from './text-reader.ts';

/** What objects are encoded by. */
export interface ObjectEncoderSite {
  readonly database: Database;
  readonly encoder: Encoder;
  readonly declaration: Pick<Declaration, 'csv' | 'scoring'>;
  /** The feature tables, in memory. */
  readonly tables: readonly EntityRows[];
}

/** Plans that are kept, for rows of different columns. */
const MOST_PLANS = 256;

/** Encodes the rows of requests. Several requests may be encoded at once. */
export class ObjectEncoder {
  readonly #site: PassSite;
  readonly #reader: TextReader;
  readonly #plans = new Map<string, RowPlan>();

  private constructor(site: PassSite, reader: TextReader) {
    this.#site = site;
    this.#reader = reader;
  }

  static async open(site: ObjectEncoderSite): Promise<ObjectEncoder> {
    const { database, encoder, declaration, tables } = site;
    const rules: TextRules = declaration.csv;
    const rowIds = await rowIdsOf(database, encoder);
    const features = await withConstants(database, rules, (constants) =>
      encoder.features.map((feature) => objectFeature(encoder, feature, rowIds, constants)),
    );
    const { score, rank } = declaration.scoring;
    const [operands, within] = [score?.columns ?? [], rank?.within ?? []];
    return new ObjectEncoder({ encoder, tables, features, operands, within }, await TextReader.open(database, rules));
  }

  /**
   * Encodes rows. Columns of `shared` belong to every row that does not have them itself. Where they are grouped, rows
   * without a group are bad ones.
   * @throws {DataError} if a row has a column twice, in other cases of letters.
   */
  async encode(rows: readonly ObjectRow[], shared: ObjectRow, isGrouped = false): Promise<EncodedObjects> {
    const texts = new RequestTexts(this.#reader);
    for (;;) {
      const pass = new EncodingPass(this.#site, { rows, shared, texts, isGrouped });
      const encoded = pass.encode(this.#planner(shared));
      if (texts.isComplete) return encoded;
      await texts.learn();
    }
  }

  /** Frees what it uses of the database. */
  close(): void {
    this.#reader.close();
  }

  /** Returns a function for the plan of each row, which is mostly that of the row before. */
  #planner(shared: ObjectRow): (row: ObjectRow) => RowPlan {
    const common = Object.keys(shared);
    let last: { readonly columns: readonly string[]; readonly plan: RowPlan } | null = null;
    return (row) => {
      const columns = Object.keys(row);
      if (last === null || !areSame(last.columns, columns)) last = { columns, plan: this.#plan(columns, common) };
      return last.plan;
    };
  }

  #plan(row: readonly string[], shared: readonly string[]): RowPlan {
    const key = JSON.stringify([row, shared]);
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = rowPlan(this.#site, { row, shared });
    if (this.#plans.size >= MOST_PLANS) this.#plans.clear();
    this.#plans.set(key, plan);
    return plan;
  }
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
