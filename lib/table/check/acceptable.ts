/** Counts bad rows by reason, and refuses a log that has too many of them. */

import type { Declaration } from '../../config/declaration.ts';
import { count, countOf, percent } from '../../numbers/text.ts';
import { type Database, query } from '../database.ts';
import { DataError } from '../errors.ts';
import { readPath } from '../paths.ts';
import type { RowCheck } from '../row-check.ts';
import type { Source } from '../source/source.ts';

/** The number of bad rows of one reason and column. */
export interface RejectCount {
  readonly reason: string;
  readonly column: string | null;
  readonly rows: number;
  /** The first three rows, with the bad value. */
  readonly examples: readonly { readonly row: number; readonly value: string | null }[];
}

/** What the check of a log found wrong, and the declaration that says how much of that is allowed. */
export interface LogFaults {
  readonly source: Source;
  readonly declaration: Declaration;
  readonly checks: readonly RowCheck[];
  readonly rejects: readonly RejectCount[];
  /** Number of rows whose label `inconsistent: and` changes, by stage. */
  readonly contradictions: Readonly<Record<string, number>>;
}

/** Counts the rows of a rejects file by reason and column, the most frequent first. */
export async function countRejects(database: Database, path: string): Promise<RejectCount[]> {
  const counts = await query(
    database,
    `SELECT reason, "column", count(*) AS rows, list_sort(list("row") FILTER (place <= 3)) AS examples,
      list(value ORDER BY "row") FILTER (place <= 3) AS values
     FROM (SELECT *, row_number() OVER (PARTITION BY reason, "column" ORDER BY "row") AS place FROM read_parquet(${readPath(path)}))
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
 * Refuses a log with too many bad rows. Rows whose labels contradict each other count against `max_inconsistent` of
 * their stage, all others together against `log.max_rejected`.
 * @throws {DataError} `too_many_rejects`, in one line with counts, shares, reasons, columns, values and row numbers.
 */
export function assertAcceptable({ source, declaration, checks, rejects, contradictions }: LogFaults): void {
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
  const rejected = rejects.reduce((sum, { rows }) => sum + rows, 0);
  if (rejected <= allowed * source.rows) return [];
  return [
    `${shareText(rejected, source.rows)}, allowed ${percent(allowed)} (${setting}): ${rejects.map((reject) => describeReject(reject, checks, source.files)).join('; ')}`,
  ];
}

/**
 * Returns a reject count as text, with row numbers from 0: `label_not_binary in click: 12 rows, got "2", expected 0 or
 * 1, in rows 3, 17, 99`. If there are several files, rows count from the beginning of each: `in rows 3, 17 of a.csv, row
 * 99 of b.csv`.
 */
export function describeReject(
  { reason, column, rows, examples }: RejectCount,
  checks: readonly RowCheck[],
  files: Source['files'] = [],
): string {
  const expected = checks.find((check) => check.reason === reason && check.column === column)?.expected ?? 'a good row';
  const value = examples[0]?.value ?? null;
  const where = column === null ? '' : ` in ${column}`;
  const got = value === null ? 'nothing' : JSON.stringify(value);
  const positions = examples.map(({ row }) => row);
  return `${reason}${where}: ${countOf(rows, 'row')}, got ${got}, expected ${expected}, in ${placesText(positions, files)}`;
}

function placesText(rows: readonly number[], files: Source['files']): string {
  if (files.length < 2) return rowsText(rows);
  let first = 0;
  return files
    .flatMap(({ path, rows: length }) => {
      const own = rows.filter((row) => row >= first && row < first + length).map((row) => row - first);
      first += length;
      return own.length === 0 ? [] : `${rowsText(own)} of ${path}`;
    })
    .join(', ');
}

function rowsText(rows: readonly number[]): string {
  return `${rows.length === 1 ? 'row' : 'rows'} ${rows.map((row) => count(row)).join(', ')}`;
}

function shareText(part: number, rows: number): string {
  return `${count(part)} of ${countOf(rows, 'row')} (${percent(part / rows)})`;
}
