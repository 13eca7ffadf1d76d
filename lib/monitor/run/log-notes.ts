/** What a user should know of the log that was joined, a sentence each. */
import { count, percent } from '../../numbers/text.ts';
import type { CheckedLog } from '../../table/check/log.ts';
import { DataError } from '../../table/errors.ts';

/** Share of the outcomes from which on it is told that they have no score, or repeat keys. */
const NOTED_SHARE = 0.1;

/** Outcomes of all days. */
export interface OutcomeCounts {
  readonly rows: number;
  /** Those that no score counts for. */
  readonly unscored: number;
  /** Those that repeat the keys of another one of their day. */
  readonly repeated: number;
}

/**
 * Returns how many rows are left out, by reason; nothing if none is.
 * @throws {DataError} `no_rows` if all of them are.
 */
export function rejectNotes({ rejects }: Pick<CheckedLog, 'rejects'>, goodRows: number, place: string): string[] {
  const rejected = rejects.reduce((sum, { rows }) => sum + rows, 0);
  if (rejected === 0) return [];
  const reasons = rejects.map(({ reason, rows }) => `${reason} ${rows}`).join(', ');
  if (goodRows === 0) throw new DataError('no_rows', `no row of the log can be used: ${reasons} (in ${place})`);
  return [`${rejected} rows of the log are bad and left out: ${reasons}`];
}

/** Returns what is strange about outcomes and their keys. */
export function outcomeNotes({ rows, unscored, repeated }: OutcomeCounts): string[] {
  const of = (part: number) => `${count(part)} of ${count(rows)} outcomes (${percent(part / rows)})`;
  return [
    ...(unscored > NOTED_SHARE * rows
      ? [
          `${of(unscored)} have no score before them: if all were scored, look whether the keys are written alike, and whether log.time is in UTC, as the days of candidates (dt=) are`,
        ]
      : []),
    ...(repeated > NOTED_SHARE * rows
      ? [
          `${of(repeated)} repeat the keys of another outcome of their day, and count each: look whether the log was delivered twice, or log.keys lacks a column`,
        ]
      : []),
  ];
}
