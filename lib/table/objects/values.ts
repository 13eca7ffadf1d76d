/** Values of objects: what is a single value, and its canonical text and number, as columns of files have them. */
import type { RequestTexts } from './request-texts.ts';

/** The largest float32, as `LARGEST_FLOAT` of files. */
export const LARGEST_NUMBER = 3.4028234663852886e38;

const SINGLE_TYPES: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean']);

/** Whether a value is missing: absent, null or NaN. A text may also stand for a missing value. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null || (typeof value === 'number' && Number.isNaN(value));
}

/** Whether a value can be a category, a key or an item of a list. */
export function isSingle(value: unknown): boolean {
  return isAbsent(value) || SINGLE_TYPES.has(typeof value) || isInstant(value);
}

/** Whether a value is an instant. */
export function isInstant(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/** Whether a value is an integer of which the number type does not have all neighbours. */
export function isInexact(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Returns the canonical text of a single value; `null` if it is missing. */
export function canonicalOf(value: unknown, texts: RequestTexts): string | null {
  switch (typeof value) {
    case 'string':
      return texts.canonical(value);
    case 'number':
      return texts.canonicalNumber(value);
    case 'bigint':
      return String(value);
    case 'boolean':
      return value ? '1' : '0';
    default:
      return isInstant(value) ? texts.canonical(value.toISOString()) : null;
  }
}

/** Returns the number of a value; `null` if it is missing or none, and whether it is present. */
export function numberOf(
  value: unknown,
  texts: RequestTexts,
): { readonly number: number | null; readonly isPresent: boolean } {
  switch (typeof value) {
    case 'string':
      return texts.number(value);
    case 'number':
      return Number.isNaN(value) ? MISSING : { number: value, isPresent: true };
    case 'bigint':
    case 'boolean':
      return { number: Number(value), isPresent: true };
    default:
      return { number: null, isPresent: !isAbsent(value) };
  }
}

const MISSING = { number: null, isPresent: false };
