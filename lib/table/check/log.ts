/** Checks the rows of a log, prepares the good ones, and finds at which times the log and its parts begin and end. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration, Feature } from '../../config/declaration.ts';
import { count, countOf } from '../../numbers/text.ts';
import { findColumn, type Relation } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { asDataError, DataError } from '../errors.ts';
import { type OnLogProgress, runPhase } from '../log-progress.ts';
import type { Source } from '../source/source.ts';
import { countRejects, type RejectCount } from './acceptable.ts';
import { logChecks, writeRejects } from './check-rows.ts';
import { labelledStages, longestWithin } from './labels.ts';
import {
  allRows,
  countContradictions,
  goodRowsOf,
  goodTimes,
  type PreparedLog,
  type PreparedRows,
  prepareRows,
  type RowsToPrepare,
} from './prepared-rows.ts';
import { checkLogColumns, splitColumns } from './required-columns.ts';
import { findWindows } from './split.ts';
import { textNotes } from './text-notes.ts';
import { delayNotes, timeNotes } from './time-notes.ts';

/** A log whose rows have been checked and prepared. */
export interface CheckedLog extends PreparedLog {
  readonly rejects: readonly RejectCount[];
  /** Rows that `inconsistent: and` changes, by stage. */
  readonly contradictions: Readonly<Record<string, number>>;
  /** Path of the Parquet file of bad rows; `null` if no row is bad. */
  readonly rejectsPath: string | null;
  /** First instant of the good rows, in epoch milliseconds; `null` if the log has no time column or no good row. */
  readonly start: number | null;
  /** Last instant of the good rows, in epoch milliseconds; `null` as `start`. */
  readonly last: number | null;
  /** What a user should know of the log, but which stops nothing: one sentence each, without a full stop. */
  readonly notes: readonly string[];
}

/** How a log is checked. */
export interface CheckOptions {
  /** Path of the Parquet file that bad rows are written to. @default a temporary file of the database */
  readonly rejectsPath?: string;
  /** The present, in epoch milliseconds: a row must not be more than a day later. @default the time of the clock */
  readonly now?: number;
  /**
   * Features of another declaration that rows are prepared for as well; those whose columns are absent are left out.
   */
  readonly alsoFeatures?: readonly Feature[];
  /**
   * Whether the log must have all that training needs; if not, a log without the columns of the split is one part, and
   * stages without their column have no label. @default true
   */
  readonly isComplete?: boolean;
  /** Told of the phases `read` and `check`. */
  readonly onProgress?: OnLogProgress | undefined;
}

/**
 * Reads a log once: checks every row, prepares the values of the good ones, and finds where its parts begin. Everything
 * else is then read from the prepared rows.
 * @throws {DataError} if columns are missing or of a wrong type. Bad rows are only counted; `assertAcceptable` refuses
 * a log with too many of them.
 */
export async function checkLog(
  database: Database,
  source: Source,
  declared: Declaration,
  {
    rejectsPath = join(database.scratch, database.uniqueName('rejects.parquet')),
    now = Date.now(),
    alsoFeatures = [],
    isComplete = true,
    onProgress,
  }: CheckOptions = {},
): Promise<CheckedLog> {
  const { relation } = source;
  const declaration = isComplete ? declared : withoutAbsentLabels(relation, withoutAbsentSplit(relation, declared));
  checkLogColumns(relation, declaration);
  const rows = { source, declaration, checks: logChecks(relation, declaration, now) };
  const others = alsoFeatures.filter((feature) => isReadable(relation, declaration, feature));
  const told = { size: source.rows, onProgress };
  const prepared = await runPhase(database, { ...told, phase: 'read', passes: 1 }, (run) =>
    run(
      1,
      () => asDataError(source.path, () => prepareRows(database, rows, [...declaration.features, ...others])),
      () => database.share(source.scans),
    ),
  );
  return runPhase(database, { ...told, phase: 'check', passes: 4 }, async (run) => {
    const bounds = await run(1, () => findBounds(database, prepared, declaration));
    await run(1, () => writeRejects(database, allRows(prepared, bounds.end), rows.checks, rejectsPath));
    const rejects = await countRejects(database, rejectsPath);
    // An empty file of rejects would suggest that there are some.
    if (rejects.length === 0) await rm(rejectsPath);
    const weightless = await weightlessNotes(database, rows, prepared, bounds.end);
    const contradictions = await run(1, () => countContradictions(database, rows, prepared, bounds.end));
    const notes = await run(1, async () => [
      ...(await textNotes(database, relation, declaration, goodRowsOf(prepared, bounds.end))),
      ...(await timeNotes(database, prepared, { column: declaration.log.time, ...bounds, now })),
      ...(await delayNotes(database, { ...rows, ...bounds, prepared })),
    ]);
    return {
      ...rows,
      prepared,
      rejects,
      contradictions,
      rejectsPath: rejects.length === 0 ? null : rejectsPath,
      ...bounds,
      notes: [...source.notes, ...weightless, ...notes],
    };
  });
}

/**
 * Counts the good rows of weight 0, and returns a note if there are any.
 * @throws {DataError} `no_rows` if there are no others.
 */
async function weightlessNotes(
  database: Database,
  { source, declaration }: RowsToPrepare,
  prepared: PreparedRows,
  end: number | null,
): Promise<string[]> {
  const { weight } = declaration.log;
  if (weight === null) return [];
  const good = `${allRows(prepared, end)} WHERE "#failed" IS NULL`;
  const counts = await queryOne(
    database,
    `SELECT count(*) FILTER ("#weight" = 0) AS weightless, count(*) AS rows FROM ${good}`,
  );
  const [weightless, rows] = [Number(counts.weightless), Number(counts.rows)];
  if (weightless === 0) return [];
  const described = `${count(weightless)} of ${countOf(rows, 'row')} ${weightless === 1 ? 'has' : 'have'} the weight 0`;
  if (weightless === rows)
    throw new DataError('no_rows', `no row counts: ${described} (log.weight: ${weight}, in ${source.path})`);
  return [`${weight}: ${described} (log.weight), and ${weightless === 1 ? 'counts' : 'count'} as if not there`];
}

/** Returns the declaration, with all rows in one part if the log does not have the columns of its split. */
function withoutAbsentSplit(relation: Relation, declaration: Declaration): Declaration {
  const isThere = splitColumns(declaration.split).every((name) => findColumn(relation, name) !== undefined);
  if (isThere) return declaration;
  const split = {
    by: 'hash',
    columns: declaration.log.keys,
    validation: 0,
    test: 0,
    seed: 1,
    isDefault: true,
  } as const;
  return { ...declaration, split };
}

/**
 * Returns the declaration without the labels that the log does not have: a stage without a label counts as reached where
 * the one before it was. What the log lacks stays declared, and is then told as missing, where no label is left, or where
 * the rates of a sampled log ask for it.
 */
function withoutAbsentLabels(relation: Relation, declaration: Declaration): Declaration {
  const isAbsent = ({ label }: Declaration['stages'][number]) =>
    label !== null && findColumn(relation, label) === undefined;
  const stages = declaration.stages.map((stage) =>
    isAbsent(stage) ? { ...stage, label: null, at: null, withinMs: null } : stage,
  );
  const isAsked = ({ from }: Declaration['stages'][number]) =>
    declaration.log.kept !== null && from.includes(declaration.root);
  if (declaration.stages.some((stage) => isAbsent(stage) && isAsked(stage))) return declaration;
  return labelledStages({ stages }).length === 0 ? declaration : { ...declaration, stages };
}

function isReadable(relation: Relation, declaration: Declaration, feature: Feature): boolean {
  try {
    checkLogColumns(relation, { ...declaration, features: [feature] });
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

async function findBounds(
  database: Database,
  prepared: PreparedRows,
  declaration: Declaration,
): Promise<Pick<CheckedLog, 'windows' | 'start' | 'last' | 'end'>> {
  const { time, followUp = 0 } = declaration.log;
  const none = { windows: null, start: null, last: null, end: null };
  if (time === null) return none;
  // The last of all rows that are good at some age is good, as it is the youngest.
  const { latest } = await queryOne(database, `SELECT max(time) AS latest FROM ${goodTimes(prepared, null)}`);
  if (latest == null) return none;
  const last = Number(latest);
  const end = last + followUp;
  const times = goodTimes(prepared, end);
  const { first } = await queryOne(database, `SELECT min(time) AS first FROM ${times}`);
  const start = Number(first);
  const { split } = declaration;
  const windows =
    split.by === 'time'
      ? await findWindows(database, settledTimes(times, start, end - longestWithin(declaration)), split)
      : null;
  return { windows, start, last, end };
}

/**
 * Returns the times of the rows whose labels are final: a part of younger rows would have no labels to validate or test
 * with. If no row is old enough, all count.
 */
function settledTimes(times: string, start: number, settled: number): string {
  return start > settled ? times : `(SELECT time FROM ${times} WHERE time <= ${settled})`;
}
