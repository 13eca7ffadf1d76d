/** A log whose rows were checked: how many are bad and why, and where its parts and its end lie in time. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration, Feature } from '../../config/declaration.ts';
import type { Relation } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { blamingContent, DataError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { countRejects, type RejectCount } from './acceptable.ts';
import { checkLogColumns } from './check-columns.ts';
import { logChecks, writeRejects } from './check-rows.ts';
import { longestWithin } from './labels.ts';
import {
  allRows,
  countContradictions,
  goodTimes,
  type PreparedLog,
  type PreparedRows,
  prepareRows,
} from './prepared-rows.ts';
import { findWindows } from './split.ts';

export interface CheckedLog extends PreparedLog {
  readonly rejects: readonly RejectCount[];
  /** Rows that `inconsistent: and` changes, by stage. */
  readonly contradictions: Readonly<Record<string, number>>;
  /** Parquet file of the bad rows; `null` where there is none. */
  readonly rejectsPath: string | null;
  /** First and last instant of the good rows, in epoch milliseconds; `null` without a time column, or a good row. */
  readonly start: number | null;
  readonly end: number | null;
}

/** How a log is checked. */
export interface CheckOptions {
  /** Where the bad rows are written. @default a file in scratch space */
  readonly rejectsPath?: string;
  /** The present, in epoch milliseconds: no row may lie in the future. @default the clock's */
  readonly now?: number;
  /** Features of another declaration that the rows will be encoded by, too; those whose columns are absent are left out. */
  readonly alsoFeatures?: readonly Feature[];
}

/**
 * Reads a log: checks every row, prepares the features' values of the good ones, and finds the bounds that the parts
 * need. The source is read once; everything that is asked of the log later is read from the prepared rows.
 * @throws {DataError} where columns are missing or of a wrong type. Bad rows are counted, not thrown: `assertAcceptable`.
 */
export async function checkLog(
  database: Database,
  source: Source,
  declaration: Declaration,
  {
    rejectsPath = join(database.scratch, database.uniqueName('rejects.parquet')),
    now = Date.now(),
    alsoFeatures = [],
  }: CheckOptions = {},
): Promise<CheckedLog> {
  const { relation } = source;
  checkLogColumns(relation, declaration);
  const rows = { source, declaration, checks: logChecks(relation, declaration, now) };
  const others = alsoFeatures.filter((feature) => isReadable(relation, declaration, feature));
  const prepared = await blamingContent(source.path, () =>
    prepareRows(database, rows, [...declaration.features, ...others]),
  );
  await writeRejects(database, allRows(prepared), rows.checks, rejectsPath);
  const rejects = await countRejects(database, rejectsPath);
  // An empty file would say that there is something to look at.
  if (rejects.length === 0) await rm(rejectsPath);
  return {
    ...rows,
    prepared,
    rejects,
    contradictions: await countContradictions(database, rows, prepared),
    rejectsPath: rejects.length === 0 ? null : rejectsPath,
    ...(await findBounds(database, prepared, declaration)),
  };
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
): Promise<Pick<CheckedLog, 'windows' | 'start' | 'end'>> {
  if (declaration.log.time === null) return { windows: null, start: null, end: null };
  const times = goodTimes(prepared);
  const { first, last } = await queryOne(database, `SELECT min(time) AS first, max(time) AS last FROM ${times}`);
  if (first == null || last == null) return { windows: null, start: null, end: null };
  const [start, end] = [Number(first), Number(last)];
  const { split } = declaration;
  const windows =
    split.by === 'time'
      ? await findWindows(database, settledTimes(times, start, end - longestWithin(declaration)), split)
      : null;
  return { windows, start, end };
}

/** Rows too young to tell would leave validation or test without labels; only where all are too young do they count. */
function settledTimes(times: string, start: number, settled: number): string {
  return start > settled ? times : `(SELECT time FROM ${times} WHERE time <= ${settled})`;
}
