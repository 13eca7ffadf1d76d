/** One way in which a row can be bad. */
import { type ListedReason, REJECT_REASONS, type RejectReason } from '../contract/reject-reasons.ts';
import type { Value } from './columns.ts';

export interface RowCheck {
  readonly reason: RejectReason;
  readonly column: string | null;
  /** SQL that is true where the row is bad, false or NULL where it is not. */
  readonly isBad: string;
  /** SQL of the offending text, NULL for keys. */
  readonly value: string;
  /** What the value should have been, for messages. */
  readonly expected: string;
  /** The stage whose own allowance such rows count against; `null` for the log's. */
  readonly stage: string | null;
}

/** A check of one column, with what the table of reasons expects of it unless the caller knows more. */
export function columnCheck(
  reason: ListedReason,
  column: string,
  value: Value,
  isBad: string,
  expected: string = REJECT_REASONS[reason],
): RowCheck {
  return rowCheck(reason, column, value, isBad, expected);
}

/** A check of one column, for any reason. */
export function rowCheck(
  reason: RejectReason,
  column: string,
  value: Value,
  isBad: string,
  expected: string,
): RowCheck {
  return { reason, column, isBad, value: `CAST(${value.sql} AS VARCHAR)`, expected, stage: null };
}
