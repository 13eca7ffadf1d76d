/** How far the reading of a log is: what DuckDB says of the statement under way, and the parts before it. */
import type { Database } from './database.ts';

/** A phase in which the files or rows of a log are read, once or several times. */
export interface LogProgress {
  /**
   * - `convert`: files of text become Parquet
   * - `read`: the source is read, checked and prepared
   * - `check`: what the rows say of the log's bounds, its bad rows and its notes
   * - `fit`: the encoder is fitted
   * - `inspect`: what only `validateLog` looks at
   */
  readonly phase: 'convert' | 'read' | 'check' | 'fit' | 'inspect';
  /** Rows read so far, of which one that is read several times counts as often, or bytes. */
  readonly done: number;
  /** Rows of the log, times how often they are read, or bytes of the files. */
  readonly total: number;
  /** Rows, if nothing is said. */
  readonly unit?: 'bytes';
}

/** Called once a second while a phase lasts. */
export type OnLogProgress = (progress: LogProgress) => void;

/**
 * Runs a part of a phase, which takes as long as reading everything so many times, and returns what it returns. `share`
 * says how much of the part is done, from 0 to 1, if that is not what the statement under way has read.
 */
export type RunPart = <T>(passes: number, part: () => Promise<T>, share?: () => number | null) => Promise<T>;

/** Runs a part of which nothing is told. */
export const untold: RunPart = (_, part) => part();

/** A phase, and to whom its progress is reported. */
export interface PhaseOptions {
  readonly phase: LogProgress['phase'];
  /** Rows of the log, or bytes of its files. */
  readonly size: number;
  /** @default rows */
  readonly unit?: 'bytes';
  /** How often they are read by all parts together. */
  readonly passes: number;
  readonly onProgress: OnLogProgress | undefined;
}

const EVERY_MS = 1000;
/** Smaller logs are read before anybody asks, so nothing is reported of them. */
const SMALLEST = { rows: 10_000, bytes: 1_000_000 } as const;

/**
 * Runs a phase part by part, and tells how far it is every second, and at its end; of a phase that is over within a
 * second nothing is told. Within a part, that is what DuckDB has read of the statement under way; what is told never
 * goes back.
 */
export async function runPhase<T>(
  database: Database,
  { phase, size, unit, passes, onProgress }: PhaseOptions,
  work: (run: RunPart) => Promise<T>,
): Promise<T> {
  if (onProgress === undefined || size < SMALLEST[unit ?? 'rows']) return work(untold);
  const total = passes * size;
  let before = 0;
  const ofStatement = () => database.share();
  let underWay = { passes: 0, share: ofStatement as () => number | null };
  let told: number | null = null;
  const tell = (done: number) => {
    told = Math.max(told ?? 0, Math.round(done * size));
    onProgress({ phase, done: told, total, ...(unit && { unit }) });
  };
  const timer = setInterval(() => tell(before + underWay.passes * (underWay.share() ?? 0)), EVERY_MS);
  // What is told must not keep a process alive.
  timer.unref();
  try {
    const result = await work(async (own, part, share = ofStatement) => {
      underWay = { passes: own, share };
      const of = await part();
      before += own;
      underWay = { passes: 0, share: ofStatement };
      return of;
    });
    if (told !== null) tell(passes);
    return result;
  } finally {
    clearInterval(timer);
  }
}
