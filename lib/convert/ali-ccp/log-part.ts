/** Some rows of the log: gathered in memory, and written as one Parquet file. */
import { type FilledColumn, tableOfColumns } from '../../table/append-columns.ts';
import { type Database, execute, identifier, literals } from '../../table/database.ts';
import { writePath } from '../../table/paths.ts';
import type { FeatureRow } from './feature-row.ts';
import { FieldColumns, NO_ID } from './field-columns.ts';
import { FIELDS } from './fields.ts';
import type { SharedFeatures } from './shared-features.ts';

/** What a line of the skeleton says besides its features. */
export interface Sample {
  readonly id: number;
  readonly click: number;
  readonly purchase: number;
  /** Row of the common features. */
  readonly shared: number;
  /** The split's part: `train`, `validation` or `test`. */
  readonly part: Part;
}

const PARTS = ['train', 'validation', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** Rows of a file of the log. */
export const PART_ROWS = 250_000;

export class LogPart {
  rows = 0;
  readonly #ids = new Float64Array(PART_ROWS);
  readonly #clicks = new Int32Array(PART_ROWS);
  readonly #purchases = new Int32Array(PART_ROWS);
  readonly #parts = new Int32Array(PART_ROWS);
  readonly #users = new Int32Array(PART_ROWS);
  /** Rows of the common features that occur, in the order in which they do. */
  readonly #shared = new Map<number, number>();
  readonly #features = new FieldColumns(PART_ROWS);

  get isFull(): boolean {
    return this.rows === PART_ROWS;
  }

  add({ id, click, purchase, shared, part }: Sample, features: FeatureRow): void {
    const { rows } = this;
    const user = this.#shared.get(shared) ?? this.#shared.size;
    this.#shared.set(shared, user);
    this.#ids[rows] = id;
    this.#clicks[rows] = click;
    this.#purchases[rows] = purchase;
    this.#parts[rows] = PARTS.indexOf(part);
    this.#users[rows] = user;
    for (const [field, length] of features.lengths.entries())
      if (length > 0) this.#features.set(rows, field, features.ids(field), features.weights(field));
    this.rows += 1;
  }

  /** Writes the rows, each with what it shares with others. */
  async write(database: Database, shared: SharedFeatures, path: string): Promise<void> {
    const common = this.#commonColumns(shared);
    const own: readonly FilledColumn[] = [
      { name: 'sample_id', type: 'DOUBLE', values: this.#ids },
      { name: 'click', type: 'INTEGER', values: this.#clicks },
      { name: 'purchase', type: 'INTEGER', values: this.#purchases },
      { name: 'part', type: 'INTEGER', values: this.#parts },
      { name: 'user', type: 'INTEGER', values: this.#users },
      ...this.#features.columns(),
    ];
    const samples = await tableOfColumns(database, own, this.rows);
    const users = await tableOfColumns(database, common, this.#shared.size);
    await execute(
      database,
      `COPY (
        SELECT sample_id::BIGINT AS sample_id, common_feature_index,
          ${literals(PARTS)}[part + 1] AS part, click::TINYINT AS click, purchase::TINYINT AS purchase,
          ${FIELDS.flatMap(({ name, weights }) => [name, ...(weights === null ? [] : [weights])])
            .map((name) => `${either(name, own, common)} AS ${identifier(name)}`)
            .join(', ')}
        FROM ${samples} AS own JOIN ${users} AS common USING ("user")
      ) TO ${writePath(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    );
    await execute(database, `DROP TABLE ${samples}`);
    await execute(database, `DROP TABLE ${users}`);
  }

  #commonColumns(shared: SharedFeatures): readonly FilledColumn[] {
    const rows = [...this.#shared.keys()];
    const features = new FieldColumns(rows.length);
    for (const [user, row] of rows.entries())
      shared.visit(row, (field, ids, weights) => features.set(user, field, ids, weights));
    return [
      { name: 'user', type: 'INTEGER', values: Int32Array.from(rows.keys()) },
      { name: 'common_feature_index', type: 'VARCHAR', values: rows.map((row) => shared.indexOf(row)) },
      ...features.columns(),
    ];
  }
}

/** The expression of a column that rows have themselves, share, or do not have: what is a row's own comes first. */
function either(name: string, own: readonly FilledColumn[], common: readonly FilledColumn[]): string {
  const sides = [valueIn('own', name, own), valueIn('common', name, common)].filter((side) => side !== null);
  return sides.length === 0 ? `NULL::${typeOf(name)}` : `coalesce(${sides.join(', ')})`;
}

/** A column with NULL where a row has no feature of the field: its id says so for its weight, too. */
function valueIn(table: 'own' | 'common', name: string, columns: readonly FilledColumn[]): string | null {
  const column = columns.find((found) => found.name === name);
  if (column === undefined) return null;
  const expression = `${table}.${identifier(name)}`;
  if (column.type !== 'INTEGER' && column.type !== 'FLOAT') return expression;
  const id = FIELDS.find((field) => field.name === name || field.weights === name)?.name ?? name;
  return `CASE WHEN ${table}.${identifier(id)} <> ${NO_ID} THEN ${expression} END`;
}

function typeOf(name: string): string {
  const field = FIELDS.find((found) => found.name === name || found.weights === name);
  return `${field?.name === name ? 'INTEGER' : 'FLOAT'}${field?.kind === 'bag' ? '[]' : ''}`;
}
