/** What is wrong with a row, in the terms of files' rejects where files can have it, too. */
import { REJECT_REASONS, type RejectReason } from '../../contract/reject-reasons.ts';

/** Reasons that files do not have, whose columns have one type and are there in every row. */
export const OBJECT_REASONS = {
  column_missing: 'a value, or null where it is not known',
  column_type: 'a value of another type',
  integer_not_exact: 'a bigint or a text: neighbouring integers of this size are one floating number',
} as const;

/** Why an object is rejected. */
export type ObjectReason = RejectReason | keyof typeof OBJECT_REASONS;

/** What is wrong with a row: `value` is the text of the bad value, up to 64 characters, `null` for none. */
export interface Fault {
  readonly reason: ObjectReason;
  readonly column: string | null;
  readonly value: string | null;
  readonly expected: string;
}

const LONGEST = 64;

/** Returns a fault of a column's value. What is expected is the text of the reason unless another is given. */
export function faultOf(
  reason: keyof typeof REJECT_REASONS | keyof typeof OBJECT_REASONS,
  column: string | null,
  value?: unknown,
  expected: string = { ...REJECT_REASONS, ...OBJECT_REASONS }[reason],
): Fault {
  return { reason, column, value: textOf(value), expected };
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return (typeof value === 'object' ? jsonOf(value) : String(value)).slice(0, LONGEST);
}

function jsonOf(value: object): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? '';
}
