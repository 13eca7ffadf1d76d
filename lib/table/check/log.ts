/** A log whose rows were checked: how many are bad and why, and where its parts and its end lie in time. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../../config/declaration.ts';
import { count, countOf, percent } from '../../numbers/text.ts';
import { timeSql } from '../columns.ts';
import { type Database, literal, query, queryOne } from '../database.ts';
import { blamingContent, DataError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { checkLogColumns, requiredValue } from './check-columns.ts';
import { goodRows, inconsistencyChecks, logChecks, writeRejects } from './check-rows.ts';
import { longestWithin } from './labels.ts';
import type { RowCheck } from './row-check.ts';
import { findWindows, type TimeWindows } from './split.ts';

/** Bad rows of one reason and column. */
export interface RejectCount {
  readonly reason: string;
  readonly column: string | null;
  readonly rows: number;
  /** The first three, in the log's order. */
  readonly examples: readonly { readonly row: number; readonly value: string | null }[];
}

export interface CheckedLog {
  readonly source: Source;
  readonly declaration: Declaration;
  readonly checks: readonly RowCheck[];
  readonly rejects: readonly RejectCount[];
  /** Rows that `inconsistent: and` changes, by stage. */
  readonly contradictions: Readonly<Record<string, number>>;
  /** Parquet file of the bad rows; `null` where there is none. */
  readonly rejectsPath: string | null;
  readonly windows: TimeWindows | null;
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
}

/**
 * Checks every row of a log, in one pass, and finds the bounds that its encoding needs.
 * @throws {DataError} where columns are missing or of a wrong type. Bad rows are counted, not thrown: `assertAcceptable`.
 */
export async function checkLog(
  database: Database,
  source: Source,
  declaration: Declaration,
  { rejectsPath = join(database.scratch, database.uniqueName('rejects.parquet')), now = Date.now() }: CheckOptions = {},
): Promise<CheckedLog> {
  const { relation } = source;
  checkLogColumns(relation, declaration);
  const checks = logChecks(relation, declaration, now);
  await blamingContent(source.path, () => writeRejects(database, relation, checks, rejectsPath));
  const rejects = await countRejects(database, rejectsPath);
  // An empty file would say that there is something to look at.
  if (rejects.length === 0) await rm(rejectsPath);
  const good = goodRows(relation, checks);
  const times =
    declaration.log.time === null
      ? null
      : `(SELECT ${timeSql(requiredValue(relation, declaration.log.time))} AS time FROM ${good})`;
  const range =
    times === null ? {} : await queryOne(database, `SELECT min(time) AS first, max(time) AS last FROM ${times}`);
  const start = range.first == null ? null : Number(range.first);
  const end = range.last == null ? null : Number(range.last);
  const { split } = declaration;
  return {
    source,
    declaration,
    checks,
    rejects,
    contradictions: await countContradictions(database, source, declaration, good),
    rejectsPath: rejects.length === 0 ? null : rejectsPath,
    windows:
      split.by === 'time' && times !== null && start !== null && end !== null
        ? await findWindows(database, settledTimes(times, start, end - longestWithin(declaration)), split)
        : null,
    start,
    end,
  };
}

/** Counts a file of bad rows by reason and column, the most frequent first. */
export async function countRejects(database: Database, path: string): Promise<RejectCount[]> {
  const counts = await query(
    database,
    `SELECT reason, "column", count(*) AS rows, list_sort(list("row") FILTER (place <= 3)) AS examples,
      list(value ORDER BY "row") FILTER (place <= 3) AS values
     FROM (SELECT *, row_number() OVER (PARTITION BY reason, "column" ORDER BY "row") AS place FROM read_parquet(${literal(path)}))
     GROUP BY reason, "column" ORDER BY rows DESC, reason, "column"`,
  );
  return counts.map(({ reason, column, rows, examples, values }) => {
    const texts = Array.isArray(values) ? values : [];
    const positions = Array.isArray(examples) ? examples : [];
    return {
      reason: String(reason),
      column: column === null ? null : String(column),
      rows: Number(rows),
      examples: positions.map((row, index) => ({
        row: Number(row),
        value: texts[index] == null ? null : String(texts[index]),
      })),
    };
  });
}

/**
 * Refuses a log with too many bad rows: those of a contradiction between labels against their stage's allowance, all
 * others together against the log's.
 * @throws {DataError} `too_many_rejects`, one line with count, shares, reason, column, value and three row numbers.
 */
export function assertAcceptable({ source, declaration, checks, rejects, contradictions }: CheckedLog): void {
  const stageOf = new Map<string, string | null>(checks.map(({ reason, stage }) => [reason, stage]));
  const others = rejects.filter(({ reason }) => (stageOf.get(reason) ?? null) === null);
  const problems = overAllowance(others, declaration.log.maxRejected, 'log.max_rejected', source, checks);
  for (const stage of declaration.stages) {
    const own = rejects.filter(({ reason }) => stageOf.get(reason) === stage.name);
    const allowed = stage.inconsistent === 'fail' ? 0 : stage.maxInconsistent;
    const setting =
      stage.inconsistent === 'fail'
        ? `stages.${stage.name}.inconsistent: fail`
        : `stages.${stage.name}.max_inconsistent`;
    problems.push(...overAllowance(own, allowed, setting, source, checks));
    const contradicted = contradictions[stage.name] ?? 0;
    if (contradicted > allowed * source.rows) {
      problems.push(
        `${shareText(contradicted, source.rows)} contradict the stage before ${stage.name}, allowed ${percent(allowed)} (${setting})`,
      );
    }
  }
  if (problems.length > 0)
    throw new DataError(
      'too_many_rejects',
      `log rows rejected: ${problems.join('; ')} (${rejects.length > 0 ? 'rows count from 0, ' : ''}in ${source.path})`,
    );
}

function overAllowance(
  rejects: readonly RejectCount[],
  allowed: number,
  setting: string,
  source: Source,
  checks: readonly RowCheck[],
): string[] {
  const count = rejects.reduce((sum, { rows }) => sum + rows, 0);
  if (count <= allowed * source.rows) return [];
  return [
    `${shareText(count, source.rows)}, allowed ${percent(allowed)} (${setting}): ${rejects.map((reject) => describeReject(reject, checks)).join('; ')}`,
  ];
}

/** One reason why rows are bad; they count from 0: `label_not_binary in click: 12 rows, got "2", expected 0 or 1, in rows 3, 17, 99`. */
export function describeReject({ reason, column, rows, examples }: RejectCount, checks: readonly RowCheck[]): string {
  const expected = checks.find((check) => check.reason === reason && check.column === column)?.expected ?? 'a good row';
  const value = examples[0]?.value ?? null;
  const where = column === null ? '' : ` in ${column}`;
  const numbers = examples.map(({ row }) => count(row)).join(', ');
  const got = value === null ? 'nothing' : JSON.stringify(value);
  return `${reason}${where}: ${countOf(rows, 'row')}, got ${got}, expected ${expected}, in ${examples.length === 1 ? 'row' : 'rows'} ${numbers}`;
}

/** Rows too young to tell would leave validation or test without labels; only where all are too young do they count. */
function settledTimes(times: string, start: number, settled: number): string {
  return start > settled ? times : `(SELECT time FROM ${times} WHERE time <= ${settled})`;
}

async function countContradictions(
  database: Database,
  { relation }: Source,
  declaration: Declaration,
  good: string,
): Promise<Record<string, number>> {
  const changed = inconsistencyChecks(relation, declaration).filter(({ action }) => action === 'and');
  if (changed.length === 0) return {};
  const counts = await queryOne(
    database,
    `SELECT ${changed.map(({ isBad }, index) => `count(*) FILTER (${isBad}) AS c${index}`).join(', ')} FROM ${good}`,
  );
  return Object.fromEntries(changed.map(({ stage }, index) => [stage ?? '', Number(counts[`c${index}`])]));
}

function shareText(part: number, rows: number): string {
  return `${count(part)} of ${countOf(rows, 'row')} (${percent(part / rows)})`;
}
