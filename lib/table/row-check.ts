/** A check of a row, and the reason for which a row that fails it is rejected. */
import { type ListedReason, REJECT_REASONS, type RejectReason } from '../contract/reject-reasons.ts';
import type { Value } from './columns.ts';

/** A check of a row. */
export interface RowCheck {
  readonly reason: RejectReason;
  readonly column: string | null;
  /** SQL condition that is true if the row is bad; false or NULL if it is not. */
  readonly isBad: string;
  /** SQL of the text of the bad value; NULL for a missing key. */
  readonly value: string;
  /** What the value should have been, for messages. */
  readonly expected: string;
  /** The stage against whose limit, `max_inconsistent`, bad rows count; `null` for `log.max_rejected`. */
  readonly stage: string | null;
  /** A row that is younger than this at the end of the log is not bad, in milliseconds. @default 0 */
  readonly graceMs?: number;
  /**
   * Column of the prepared rows with a time: a row is also bad if it is later than the end of the log, which is known
   * once all rows have been read.
   */
  readonly afterEnd?: string;
}

/** Returns a check of one column. What is expected is the text of `REJECT_REASONS` unless the caller gives another. */
export function columnCheck(
  reason: ListedReason,
  column: string,
  value: Value,
  isBad: string,
  expected: string = REJECT_REASONS[reason],
): RowCheck {
  return rowCheck(reason, column, value, isBad, expected);
}

/** Returns a check of one column for any reason, including that labels contradict each other. */
export function rowCheck(
  reason: RejectReason,
  column: string,
  value: Value,
  isBad: string,
  expected: string,
): RowCheck {
  return { reason, column, isBad, value: `CAST(${value.sql} AS VARCHAR)`, expected, stage: null };
}
