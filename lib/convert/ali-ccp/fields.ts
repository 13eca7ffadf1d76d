/** The 23 feature fields of the Ali-CCP dump, and the columns that they become. */

/** A field of the dump: one id of each row, or a bag of several. */
export interface Field {
  /** The field's id in the dump, which is also the column's name: `109_14`. */
  readonly name: string;
  readonly kind: 'category' | 'bag';
  /** Column of the values that the dump has beside the ids; `null` where they are all 1. */
  readonly weights: string | null;
}

const CATEGORIES = ['101', '121', '122', '124', '125', '126', '127', '128', '129', '205', '206', '207', '216', '301'];
/** How often and how lately the user had to do with the category, shop, brand or intention of the item. */
const WEIGHTED_CATEGORIES = ['508', '509', '702', '853'];
/** What the user had to do with in two weeks: categories, shops, brands and intentions, of as much weight as they had. */
const WEIGHTED_BAGS = ['109_14', '110_14', '127_14', '150_14'];

export const FIELDS: readonly Field[] = [
  ...CATEGORIES.map((name): Field => ({ name, kind: 'category', weights: null })),
  { name: '210', kind: 'bag', weights: null },
  ...WEIGHTED_CATEGORIES.map((name): Field => ({ name, kind: 'category', weights: `D${name}` })),
  ...WEIGHTED_BAGS.map((name): Field => ({ name, kind: 'bag', weights: `D${name}` })),
];

const UNDERSCORE = 95;
const ZERO = 48;
/** Digits and the underscore, as the digits 1 to 11 of a number of base 11. */
const BASE = 11;

/**
 * Extends the number that stands for a field's name by a byte of the name; different names of digits and underscores have
 * different numbers, above 0. Returns `NaN` for any other byte.
 */
export function extendCode(code: number, byte: number): number {
  if (byte === UNDERSCORE) return code * BASE + BASE;
  const digit = byte - ZERO;
  return digit >= 0 && digit <= 9 ? code * BASE + digit + 1 : Number.NaN;
}

/** The name that a number stands for. */
export function nameOf(code: number): string {
  if (code === 0) return '';
  const digit = (code - 1) % BASE;
  return `${nameOf((code - 1 - digit) / BASE)}${digit === BASE - 1 ? '_' : digit}`;
}

/** Index in `FIELDS` by the number of the field's name. */
export const FIELD_BY_CODE: ReadonlyMap<number, number> = new Map(
  FIELDS.map(({ name }, index) => [[...Buffer.from(name)].reduce(extendCode, 0), index]),
);
