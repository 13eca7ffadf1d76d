/** How far the reading of a log is, in rows: what DuckDB says of the statement under way, and the parts before it. */
import type { Database, Scans } from './database.ts';

/** A phase in which DuckDB reads the rows of a log, once or several times. */
export interface LogProgress {
  /**
   * - `read`: the source is read, checked and prepared
   * - `check`: what the rows say of the log's bounds, its bad rows and its notes
   * - `fit`: the encoder is fitted
   * - `inspect`: what only `validateLog` looks at
   */
  readonly phase: 'read' | 'check' | 'fit' | 'inspect';
  /** Rows read so far; a row that is read several times counts as often. */
  readonly done: number;
  /** Rows of the log, times how often they are read. */
  readonly total: number;
}

/** Called once a second while a phase lasts. */
export type OnLogProgress = (progress: LogProgress) => void;

/**
 * Runs a part of a phase, which takes as long as reading all rows so many times, and returns what it returns. Its
 * statements read them by one scan, if nothing else is said.
 */
export type RunPart = <T>(passes: number, part: () => Promise<T>, scans?: Scans) => Promise<T>;

/** Runs a part of which nothing is told. */
export const untold: RunPart = (_, part) => part();

/** A phase, and who is told of it. */
export interface PhaseOptions {
  readonly phase: LogProgress['phase'];
  /** Rows of the log. */
  readonly rows: number;
  /** How often they are read by all parts together. */
  readonly passes: number;
  readonly onProgress: OnLogProgress | undefined;
}

const EVERY_MS = 1000;
/** Logs of fewer rows are read before anybody asks, so nothing is told of them. */
const FEWEST_ROWS = 10_000;

/**
 * Runs a phase part by part, and tells how far it is every second, and at its end; of a phase that is over within a
 * second nothing is told. Within a part, that is what DuckDB has read of the statement under way; what is told never
 * goes back.
 */
export async function runPhase<T>(
  database: Database,
  { phase, rows, passes, onProgress }: PhaseOptions,
  work: (run: RunPart) => Promise<T>,
): Promise<T> {
  if (onProgress === undefined || rows < FEWEST_ROWS) return work(untold);
  const total = passes * rows;
  let before = 0;
  let underWay: { readonly passes: number; readonly scans?: Scans } = { passes: 0 };
  let told: number | null = null;
  const tell = (done: number) => {
    told = Math.max(told ?? 0, Math.round(done * rows));
    onProgress({ phase, done: told, total });
  };
  const timer = setInterval(() => tell(before + underWay.passes * (database.share(underWay.scans) ?? 0)), EVERY_MS);
  // What is told must not keep a process alive.
  timer.unref();
  try {
    const result = await work(async (own, part, scans = 1) => {
      underWay = { passes: own, scans };
      const of = await part();
      before += own;
      underWay = { passes: 0 };
      return of;
    });
    if (told !== null) tell(passes);
    return result;
  } finally {
    clearInterval(timer);
  }
}
