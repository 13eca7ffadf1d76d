/** A model version with the feature tables that it is served with. It never changes: a newer one replaces it as a whole. */
import { openVersion, type Predictor } from '../predictor/open-model.ts';
import { publishedDeclaration } from '../predictor/published-declaration.ts';
import { currentVersion } from '../registry/current.ts';
import { VersionNotFoundError } from '../registry/errors.ts';
import type { Store } from '../store/store.ts';
import { extremeColumn, notFiniteRows } from '../table/candidates/not-finite.ts';
import { evaluateScores, scoreFault } from '../table/candidates/row-scores.ts';
import type { EncodedChunk } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import { ObjectEncoder } from '../table/objects/encode-objects.ts';
import type { EncodedObjects, ObjectRow } from '../table/objects/encoding-pass.ts';
import type { EntityRows } from '../table/objects/entity-rows.ts';
import { type Fault, faultOf } from '../table/objects/fault.ts';
import { type NewestTable, newestTables, readTables } from './entity-tables.ts';

/** What is to be served: the current version, and the newest tables of its entities. */
export interface Wanted {
  readonly name: string;
  readonly version: string;
  readonly tables: readonly NewestTable[];
}

/** What a version is opened with. */
export interface ServeOptions {
  readonly store: Store;
  /** Existing folder for the version's files. */
  readonly scratch: string;
  /** Threads of DuckDB. */
  readonly threads: number;
  /** Memory of DuckDB. */
  readonly memoryLimitMiB: number;
  /** Most bytes of a feature table in memory. */
  readonly mostTableBytes: number;
}

/** The outputs of the good rows, and what is wrong with the others. */
export interface ScoredObjects {
  /** Positions of the rows that have scores. */
  readonly positions: readonly number[];
  /** Values by output, one for each of these positions. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** Values of the expression of `scoring.score`, one for each of these positions; `null` if none is declared. */
  readonly score: Float64Array | null;
  /** The text of the group of each of these positions; `null` where no groups are asked for. */
  readonly groups: readonly string[] | null;
  readonly faults: ReadonlyMap<number, Fault>;
  /** The rows as they were encoded, and those of them that have scores; `undefined` for all. */
  readonly encoded: { readonly chunk: EncodedChunk; readonly rows: Uint32Array | undefined };
}

/**
 * Finds what is to be served.
 * @throws {VersionNotFoundError} if no version of the model is current.
 */
export async function findWanted(store: Store, name: string): Promise<Wanted> {
  const current = await currentVersion(store, name);
  if (current === null)
    throw new VersionNotFoundError(`model ${name} has no current version (in ${store.url}): train one, or promote one`);
  const { version } = current;
  const { entities } = await publishedDeclaration(store, { name, version });
  return { name, version, tables: await newestTables(store, entities) };
}

/** Whether two are the same. */
export function isSameWanted(a: Wanted, b: Wanted): boolean {
  const idOf = ({ version, tables }: Wanted) =>
    JSON.stringify([version, tables.map(({ key, versionId }) => [key, versionId])]);
  return idOf(a) === idOf(b);
}

/** A version that is open. It is released once nobody uses it any more. */
export class ServedVersion {
  readonly wanted: Wanted;
  readonly #model: Predictor;
  readonly #objects: ObjectEncoder;
  #users = 1;
  readonly #released = deferred();

  private constructor(wanted: Wanted, model: Predictor, objects: ObjectEncoder) {
    this.wanted = wanted;
    this.#model = model;
    this.#objects = objects;
  }

  static async open(wanted: Wanted, options: ServeOptions): Promise<ServedVersion> {
    const { store, mostTableBytes } = options;
    const model = await openVersion(store, wanted, options).predictor;
    try {
      const { database, encoder, declaration } = model;
      const { entities, csv: texts, scoring } = declaration;
      const reader = { database, encoder, entities, texts, score: scoring.score, mostBytes: mostTableBytes };
      const tables: readonly EntityRows[] = await readTables(
        { store, scratch: options.scratch, reader },
        wanted.tables,
      );
      return new ServedVersion(wanted, model, await ObjectEncoder.open({ database, encoder, declaration, tables }));
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /** Names of the outputs. */
  get outputs(): readonly string[] {
    return this.#model.outputs;
  }

  /** The declaration of the version. */
  get declaration(): Predictor['declaration'] {
    return this.#model.declaration;
  }

  /** What encodes its rows. */
  get encoder(): Encoder {
    return this.#model.encoder;
  }

  /** Runs work with the version, which stays open until it has ended. */
  async use<Result>(work: (version: this) => Promise<Result>): Promise<Result> {
    this.#users += 1;
    try {
      return await work(this);
    } finally {
      await this.retire();
    }
  }

  /** Ends a use; the opening of the version is the first. The version is released when its last use ends. */
  async retire(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#objects.close();
    await this.#model.release();
    this.#released.resolve();
  }

  /** Ends the first use, and waits until the version is released. */
  async end(): Promise<void> {
    await this.retire();
    await this.#released.promise;
  }

  /** Scores rows; those that are grouped need a value in the columns within which they are ranked. */
  async score(rows: readonly ObjectRow[], shared: ObjectRow, isGrouped = false): Promise<ScoredObjects> {
    const encoded = await this.#objects.encode(rows, shared, isGrouped);
    const { chunk, positions, operands, groups, faults } = encoded;
    const { score: expression } = this.declaration.scoring;
    if (positions.length === 0) {
      const score = expression === null ? null : new Float64Array(0);
      return {
        positions,
        outputs: emptyOutputs(this.outputs),
        score,
        groups,
        faults,
        encoded: { chunk, rows: undefined },
      };
    }
    const outputs = await this.#model.predict(chunk);
    const scores = expression === null ? null : evaluateScores(expression, outputs, operands, chunk.rows);
    const bad = this.#notFinite(encoded, outputs, { rows, shared });
    for (const { row, text, ...fault } of scores?.faults ?? []) {
      const { reason, column } = scoreFault(fault);
      if (!bad.has(row)) bad.set(row, faultOf(reason, column, text));
    }
    const all = {
      positions,
      outputs,
      score: scores?.values ?? null,
      groups,
      faults,
      encoded: { chunk, rows: undefined },
    };
    return withoutBad(all, bad);
  }

  /** Returns the rows whose outputs are not finite, and the number that is the reason. */
  #notFinite(
    { chunk, positions }: EncodedObjects,
    outputs: Readonly<Record<string, Float32Array>>,
    { rows, shared }: { readonly rows: readonly ObjectRow[]; readonly shared: ObjectRow },
  ): Map<number, Fault> {
    return new Map(
      notFiniteRows(outputs, chunk.rows).map((row) => {
        const column = extremeColumn(chunk, this.#model.encoder, row);
        if (column === null) return [row, faultOf('score_not_finite', null)];
        const value = rows[positions[row] as number]?.[column] ?? shared[column];
        return [row, faultOf('number_not_finite', column, value, 'a number that the model can compute with')];
      }),
    );
  }
}

/** Moves rows to the faults; they are counted among those that have positions. */
function withoutBad(scored: ScoredObjects, bad: ReadonlyMap<number, Fault>): ScoredObjects {
  if (bad.size === 0) return scored;
  const { positions, outputs, score, groups, faults, encoded } = scored;
  const isGood = (_: unknown, row: number) => !bad.has(row);
  return {
    positions: positions.filter(isGood),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, values.filter(isGood)])),
    score: score?.filter(isGood) ?? null,
    groups: groups?.filter(isGood) ?? null,
    faults: new Map([...faults, ...[...bad].map(([row, fault]) => [positions[row] as number, fault] as const)]),
    encoded: { ...encoded, rows: Uint32Array.from(positions.keys()).filter((row) => !bad.has(row)) },
  };
}

function emptyOutputs(names: readonly string[]): Record<string, Float32Array> {
  return Object.fromEntries(names.map((name) => [name, new Float32Array(0)]));
}

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
