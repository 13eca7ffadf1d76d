/** Writes a synthetic log, a declaration that trains on it, and what is true of it. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, execute, queryOne } from '../table/database.ts';
import { writePath } from '../table/paths.ts';
import { declarationText } from './declaration-text.ts';
import { createEntities, DEVIATIONS } from './entities.ts';
import { assertPossible, type SynthOptions, SynthOptionsError } from './options.ts';
import { logitsSql, logSql } from './rows.ts';
import { findIntercepts, type Intercepts, TRUTHS } from './truth.ts';

/** Rows from which the intercepts are found: the rates are then met to about half a per cent of themselves. */
const SAMPLE = 200_000;
export const TRUTH_FILE = 'truth.json';
export const DECLARATION_FILE = 'entirespace.yaml';
/** Folder of the Parquet files, within that of the log. */
export const LOG_FOLDER = 'log';

/** Where a log goes, and how it is cut. */
export interface WriteOptions {
  /** A folder that does not exist, or is empty. */
  readonly folder: string;
  readonly rowsOfFile: number;
  /** Files that are written at once. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** What is true of a log, and what came of it. */
export interface SynthTruth {
  readonly formatVersion: 1;
  readonly options: SynthOptions;
  /** Added to the logits of every row. */
  readonly intercepts: Intercepts;
  /** Standard deviations of what the features add to the logits. */
  readonly deviations: typeof DEVIATIONS;
  readonly seen: {
    readonly files: number;
    readonly rows: number;
    readonly clicks: number;
    readonly conversions: number;
    /** Conversions that come after the log's end. */
    readonly conversionsLater: number;
    /** Means of the truths: of pctr over all rows, of both pcvr over all and over clicked rows. */
    readonly means: Readonly<Record<keyof typeof TRUTHS, MeanTruth>>;
  };
}

interface MeanTruth {
  readonly all: number;
  readonly clicked: number | null;
}

/**
 * Writes a log. Where that fails, or is interrupted, what was written is removed.
 * @throws {SynthOptionsError} where the options are not possible, or the folder is not empty.
 */
export async function writeLog(database: Database, options: SynthOptions, write: WriteOptions): Promise<SynthTruth> {
  assertPossible(options);
  const { folder } = write;
  await assertEmpty(folder);
  const log = join(folder, LOG_FOLDER);
  const made = await mkdir(log, { recursive: true });
  try {
    await createEntities(database, options);
    write.signal.throwIfAborted();
    const step = Math.max(1, Math.floor(options.rows / SAMPLE));
    const sample = `(SELECT click_logit AS click, conversion_logit AS conversion FROM ${logitsSql(options, { from: 0, to: options.rows, step }, false)})`;
    const intercepts = await findIntercepts(database, sample, options);
    const seen = await writeFiles(database, options, intercepts, { ...write, folder: log });
    const truth: SynthTruth = { formatVersion: 1, options, intercepts, deviations: DEVIATIONS, seen };
    await writeFile(join(folder, TRUTH_FILE), `${JSON.stringify(truth, null, 2)}\n`);
    await writeFile(join(folder, DECLARATION_FILE), declarationText(options));
    return truth;
  } catch (error) {
    await rm(made ?? log, { recursive: true, force: true });
    throw error;
  }
}

async function assertEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR')
      throw new SynthOptionsError(`--out: got ${folder}, which is no folder, expected a new one`);
    throw error;
  });
  if (names.length > 0)
    throw new SynthOptionsError(
      `--out: got ${folder}, a folder that is not empty, expected a new one (it has ${names[0]})`,
    );
}

async function writeFiles(
  database: Database,
  options: SynthOptions,
  intercepts: Intercepts,
  { folder, rowsOfFile, atOnce, signal, onProgress }: WriteOptions,
): Promise<SynthTruth['seen']> {
  const { rows } = options;
  const files = Math.ceil(rows / rowsOfFile);
  const seen: Counts[] = [];
  let [next, done] = [0, 0];
  const work = async () => {
    while (next < files) {
      signal.throwIfAborted();
      const file = next++;
      const range = { from: file * rowsOfFile, to: Math.min(rows, (file + 1) * rowsOfFile) };
      const path = writePath(join(folder, `part-${String(file).padStart(5, '0')}.parquet`));
      await execute(
        database,
        `COPY (${logSql(options, intercepts, range)}) TO ${path} (FORMAT parquet, COMPRESSION zstd)`,
      );
      seen[file] = await countFile(database, path, options);
      done += range.to - range.from;
      onProgress(done);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, files) }, work));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return { files, rows, ...totalOf(seen) };
}

type Counts = Readonly<Record<string, number>>;

/** Counts what a file has, and adds up its truths. */
async function countFile(database: Database, path: string, { delay }: SynthOptions): Promise<Counts> {
  const later = delay === null ? '0' : 'sum(eventual_conversion - conversion)';
  const sums = Object.keys(TRUTHS).flatMap((name) => [
    `sum(${name}) AS ${name}_all`,
    `COALESCE(sum(${name}) FILTER (click = 1), 0) AS ${name}_clicked`,
  ]);
  const counts = await queryOne(
    database,
    `SELECT count(*) AS n, sum(click) AS clicks, sum(conversion) AS conversions, ${later} AS later, ${sums.join(', ')} FROM read_parquet(${path})`,
  );
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, Number(value)]));
}

function totalOf(files: readonly Counts[]): Omit<SynthTruth['seen'], 'files' | 'rows'> {
  const total = (name: string) => files.reduce((sum, counts) => sum + (counts[name] ?? 0), 0);
  const clicks = total('clicks');
  const meanOf = (name: keyof typeof TRUTHS): MeanTruth => ({
    all: total(`${name}_all`) / total('n'),
    clicked: clicks === 0 ? null : total(`${name}_clicked`) / clicks,
  });
  return {
    clicks,
    conversions: total('conversions'),
    conversionsLater: total('later'),
    means: {
      true_pctr: meanOf('true_pctr'),
      true_pcvr: meanOf('true_pcvr'),
      true_pcvr_do: meanOf('true_pcvr_do'),
    },
  };
}
