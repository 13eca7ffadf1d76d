/** Scores objects in milliseconds with the current version of a model, and follows promotions. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import { SCORE_COLUMN } from '../table/candidates/row-scores.ts';
import type { ObjectRow } from '../table/objects/encoding-pass.ts';
import type { Fault } from '../table/objects/fault.ts';
import { turns } from '../workers/turns.ts';
import { type RankChoice, rankedPositions, ranksOf } from './rank.ts';
import { findWanted, isSameWanted, type ScoredObjects, ServedVersion } from './served-version.ts';
import { OnlineStatistics } from './statistics.ts';

export type { ObjectRow } from '../table/objects/encoding-pass.ts';
export type { RankChoice } from './rank.ts';

/** How a scorer is opened. */
export interface OnlineScorerOptions {
  /** Seconds between two looks for a newly promoted version or feature table; `null` for none. @default 5 */
  readonly refreshSeconds?: number | null;
  /** Memory of DuckDB, which reads feature tables and unusual texts. @default 1024 */
  readonly memoryLimitMiB?: number;
  /** Most memory of a feature table. @default 2048 */
  readonly tableMemoryMiB?: number;
  /** Called with every request once it has been answered. What it throws is ignored. @default none */
  readonly observe?: (request: ObservedRequest) => void;
  /** Whether statistics of the requests are added to `online/` in the bucket every minute, for monitoring. @default true */
  readonly statistics?: boolean;
  /** Called where they cannot be written, once until they can be again. @default a warning of the process */
  readonly onStatisticsError?: (error: unknown) => void;
  /** Called once another version, or another feature table, is in use. @default none */
  readonly onRefresh?: (version: string) => void;
  /** Called where a look for a newer version fails; the one in use stays. @default none */
  readonly onRefreshError?: (error: unknown) => void;
}

/** A request that has been answered, for statistics. */
export interface ObservedRequest {
  readonly at: Date;
  readonly model: string;
  readonly version: string;
  /** Scores of the rows that were not rejected, by output. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly rejected: number;
}

/** A row that has no scores, and why. */
export interface RejectedRow extends Fault {
  /** Position among the rows of the request, from 0. */
  readonly row: number;
}

/** The scores of a request. Every row has scores or is among the rejects. */
export interface OnlineScores {
  /** The version that scored. */
  readonly version: string;
  /** Probabilities by output, and `score` where it is declared, in the order of the rows; `null` for a rejected one. */
  readonly scores: readonly (Readonly<Record<string, number>> | null)[];
  readonly rejects: readonly RejectedRow[];
}

/** A row that is kept: its rank in its group, from 1, and its scores by output. */
export type RankedRow = Readonly<Record<string, number>> & {
  /** Position among the rows of the request, from 0. */
  readonly row: number;
  readonly rank: number;
};

/** The ranks of a request. Rows of the request = `scored` + rejects. */
export interface OnlineRanks {
  /** The version that scored. */
  readonly version: string;
  /** Rows that have scores, kept or not. */
  readonly scored: number;
  /** The rows that are kept: group by group, in the order of the groups' first rows, and the best of each first. */
  readonly ranking: readonly RankedRow[];
  readonly rejects: readonly RejectedRow[];
}

/** Thrown where a request is none: its rows are no objects, or it is to be ranked by what is no output. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

const MIB = 2 ** 20;

export class OnlineScorer {
  readonly model: string;
  readonly #store: Store;
  readonly #options: OnlineScorerOptions;
  readonly #scratch: string;
  readonly #inTurn = turns();
  readonly #statistics: OnlineStatistics | null;
  #served: ServedVersion | null;
  #timer: NodeJS.Timeout | null = null;

  private constructor(
    store: Store,
    model: string,
    scratch: string,
    served: ServedVersion,
    options: OnlineScorerOptions,
  ) {
    this.model = model;
    this.#store = store;
    this.#options = options;
    this.#scratch = scratch;
    this.#served = served;
    const { refreshSeconds = 5, statistics = true, onStatisticsError: onError = warn } = options;
    this.#statistics = statistics ? new OnlineStatistics({ store, model, onError }) : null;
    this.#statistics?.start();
    if (refreshSeconds !== null) this.#lookIn(refreshSeconds * 1000);
  }

  /**
   * Opens the current version of a model, with the newest feature tables of its entities.
   * @throws {VersionNotFoundError} if no version is current.
   * @throws {DataError} if a feature table does not fit in memory, or cannot be used.
   */
  static async open(store: Store, model: string, options: OnlineScorerOptions = {}): Promise<OnlineScorer> {
    const scratch = await mkdtemp(join(tmpdir(), 'entirespace-online-'));
    try {
      const served = await ServedVersion.open(await findWanted(store, model), serveOptions(store, scratch, options));
      return new OnlineScorer(store, model, scratch, served, options);
    } catch (error) {
      await rm(scratch, { recursive: true, force: true });
      throw error;
    }
  }

  /** The version that scores the next request. */
  get version(): string {
    return this.#opened().wanted.version;
  }

  /** Names of its outputs: `pctr`, `pcvr`, `pctcvr`, ... */
  get outputs(): readonly string[] {
    return this.#opened().outputs;
  }

  /** The declaration of that version. */
  get declaration(): ServedVersion['declaration'] {
    return this.#opened().declaration;
  }

  /**
   * Scores rows: objects with the columns of a candidate file. Values are text, numbers, bigint, booleans, dates, null,
   * and lists of them; columns of `shared` belong to every row that does not have them itself.
   * @throws {RequestError} if the rows are no objects.
   * @throws {DataError} `columns_repeated` if a row has a column twice, in other cases of letters.
   */
  async score(
    rows: readonly ObjectRow[],
    { shared = {} }: { readonly shared?: ObjectRow } = {},
  ): Promise<OnlineScores> {
    assertRows(rows, shared);
    return this.#opened().use(async (served) => {
      const scored = await served.score(rows, shared);
      this.#observe(served, scored);
      return resultOf(served, scored, rows.length);
    });
  }

  /**
   * Scores and ranks rows, as `scoring.rank` declares it and files are ranked: by an output or `score`, within groups, of
   * which the best rows are kept. Rows without a value in the columns of `within` are rejected.
   * @throws {RequestError} if the rows are no objects, or `by` or `top` cannot be used.
   * @throws {DataError} as `score`.
   */
  async rank(
    rows: readonly ObjectRow[],
    { shared = {}, ...choice }: { readonly shared?: ObjectRow } & RankChoice = {},
  ): Promise<OnlineRanks> {
    assertRows(rows, shared);
    return this.#opened().use(async (served) => {
      const ranks = asRequest(() => ranksOf(choice, served.declaration, served.outputs));
      const scored = await served.score(rows, shared, true);
      this.#observe(served, scored);
      const { scores, ...rest } = resultOf(served, scored, rows.length);
      const ranking = rankedPositions(scored, ranks).map(({ index, rank }): RankedRow => {
        const row = scored.positions[index] as number;
        return { ...scores[row], row, rank };
      });
      return { ...rest, scored: scored.positions.length, ranking };
    });
  }

  /**
   * Looks for a newer version or feature table, and changes to it. Requests that are under way end with the one before.
   * Returns whether it changed. If a newer one cannot be opened, the one in use stays.
   */
  refresh(): Promise<boolean> {
    return this.#inTurn(async () => {
      const before = this.#opened();
      const wanted = await findWanted(this.#store, this.model);
      if (isSameWanted(wanted, before.wanted)) return false;
      const next = await ServedVersion.open(wanted, serveOptions(this.#store, this.#scratch, this.#options));
      if (this.#served === null) {
        // It was closed meanwhile.
        await next.retire();
        return false;
      }
      this.#served = next;
      await before.retire();
      this.#options.onRefresh?.(next.wanted.version);
      return true;
    });
  }

  /** Ends the requests under way, and frees everything. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const served = this.#served;
    if (served === null) return;
    this.#served = null;
    await this.#inTurn(() => served.end());
    // The last requests are counted after their answers.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#statistics?.close();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  /** Writes the statistics of the requests so far: those that are a minute old, or all. Nothing is thrown. */
  async writeStatistics({ ifDue }: { readonly ifDue: boolean }): Promise<void> {
    await (ifDue ? this.#statistics?.writeIfDue() : this.#statistics?.write());
  }

  #opened(): ServedVersion {
    if (this.#served === null) throw new Error(`scorer of ${this.model} is closed`);
    return this.#served;
  }

  #lookIn(milliseconds: number): void {
    this.#timer = setTimeout(async () => {
      try {
        await this.refresh();
      } catch (error) {
        this.#options.onRefreshError?.(error);
      }
      if (this.#timer !== null) this.#lookIn(milliseconds);
    }, milliseconds).unref();
  }

  /** Counts a request, and tells the observer of it, once the answer is under way. */
  #observe(served: ServedVersion, { outputs, faults, encoded }: ScoredObjects): void {
    const { observe } = this.#options;
    const [at, version, rejected] = [new Date(), served.wanted.version, faults.size];
    setImmediate(() => {
      try {
        const { chunk, rows: scoredRows } = encoded;
        this.#statistics?.add({ at, version, encoder: served.encoder, outputs, rejected, chunk, scoredRows });
        observe?.({ at, model: this.model, version, outputs, rejected });
      } catch {
        // Statistics are no reason to fail.
      }
    });
  }
}

function warn(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`statistics of requests cannot be written: ${reason}`, 'EntirespaceWarning');
}

function serveOptions(
  store: Store,
  scratch: string,
  { memoryLimitMiB = 1024, tableMemoryMiB = 2048 }: OnlineScorerOptions,
) {
  return { store, scratch, threads: 1, memoryLimitMiB, mostTableBytes: tableMemoryMiB * MIB };
}

function assertRows(rows: unknown, shared: unknown): void {
  if (!Array.isArray(rows)) throw new RequestError(`rows are ${kindOf(rows)}, expected a list of objects`);
  if (!isObject(shared)) throw new RequestError(`shared is ${kindOf(shared)}, expected an object of columns`);
  const wrong = rows.findIndex((row) => !isObject(row));
  if (wrong !== -1) throw new RequestError(`rows[${wrong}] is ${kindOf(rows[wrong])}, expected an object of columns`);
}

/** Runs what a request asks for: what is out of range is a mistake of the request. */
function asRequest<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new RequestError(error.message, { cause: error }) : error;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function resultOf(
  served: ServedVersion,
  { positions, outputs, score, faults }: ScoredObjects,
  rows: number,
): OnlineScores {
  const scores: (Record<string, number> | null)[] = new Array(rows).fill(null);
  const values = Object.entries(score === null ? outputs : { ...outputs, [SCORE_COLUMN]: score });
  for (const [index, position] of positions.entries()) {
    const row: Record<string, number> = {};
    for (const [name, array] of values) row[name] = array[index] as number;
    scores[position] = row;
  }
  const rejects = [...faults].sort(([a], [b]) => a - b).map(([row, fault]) => ({ row, ...fault }));
  return { version: served.wanted.version, scores, rejects };
}
