/** Decides what each remaining column of a log becomes: a number, a category, a bag, or nothing, with the reason. */
import { count, countOf, percent, shortened } from '../../numbers/text.ts';
import { itemType } from '../../table/columns.ts';
import type { ColumnFacts } from '../../table/profile/column-facts.ts';
import type { ListFacts } from '../../table/profile/list-facts.ts';
import type { FeatureDraft, LeftOutColumn } from '../draft.ts';
import { entityOf, idRole, isPosition, namedKind } from '../names.ts';
import { isTime } from './ids.ts';

/** A feature's kind, its keys and the reason; or the reason to leave the column out. */
type Decision = Pick<FeatureDraft, 'type' | 'members' | 'why'> | { readonly leftOut: string };

/** Whole numbers of up to so many values are categories, unless their name says that they are amounts. */
const FEW_VALUES = 20;
/** Values above which a vocabulary gives way to a hash: it would be a large file, and most of its values rare. */
const MOST_IN_VOCABULARY = 20_000;
const MOST_BUCKETS = 2 ** 22;
/** Rows that a value must have on average, so that something can be learned of it. */
const ROWS_OF_VALUE = 1.5;
/** How many times the median a number must reach to be skewed. */
const SKEWED = 5;
/** How many times wider than from the median to the high end the range of a number with far outliers is. */
const FAR = 100;
/** Values of a text with a delimiter that occur in so many combinations more than by themselves. */
const ITEMS_REPEAT = 3;
const [NARROWEST, WIDEST] = [4, 32];
const LONGEST_EXAMPLE = 30;
/** Rows of each value, by which numbers that are spread evenly are ids. */
const REPEATED = 5;
const MOST_LENGTH = 100;
const LONGEST_VECTOR = 4096;

/** Decides about a column that is neither label, key alone, time nor outcome. */
export function decideFeature(column: ColumnFacts, rows: number, isDecimalComma = false): Decision {
  const { name, present, distinct, numbers, examples } = column;
  if (present === 0) return { leftOut: 'no row has a value' };
  if (distinct === 1 && present === rows)
    return { leftOut: `constant: every row has ${JSON.stringify(shortened(examples[0] ?? '', LONGEST_EXAMPLE))}` };
  if (isTime(column)) return { leftOut: 'a time: write its hour, weekday or age as a column to use it' };
  if (isDecimalComma && hasDecimalComma(column))
    return { type: 'number', members: {}, why: `numbers with a comma, such as ${examples[0]} (csv.decimal)` };
  if (hasUnit(column)) return amounts(column);
  const several = column.delimiters.find((facts) => areSeveral(column, facts));
  if (several !== undefined) return severalNumbers(column, several) ?? bag(several, rows);
  if (numbers !== null && numbers.count === present) return numeric(column, rows);
  if (numbers !== null && numbers.count > 0.9 * present && namedKind(name) === 'number')
    return { leftOut: `${count(present - numbers.count)} values are no number, such as amounts with a unit or sign` };
  if (isAmountText(column)) return amounts(column);
  return category(column, rows);
}

function amounts({ examples }: ColumnFacts): Decision {
  return { leftOut: `text of amounts such as ${JSON.stringify(examples[0])}: write it as a number to use it` };
}

/** Currencies and units that are written beside amounts. */
const UNITS = 'EUR|USD|GBP|CHF|JPY|CNY|INR|RMB|SEK|NOK|DKK|PLN|Rs|kr|z\u0142|\\p{Sc}|%';
const AMOUNT = new RegExp(`^(?:${UNITS})?\\s*[-+]?(?:${UNITS})?\\s*\\d[\\d.,' ]*\\s*(?:${UNITS})?$`, 'iu');

/** Whether all amounts have a currency or a percent sign, whatever stands between their digits. */
function hasUnit(column: ColumnFacts): boolean {
  const units = new RegExp(UNITS, 'iu');
  return isAmountText(column) && column.examples.every((text) => units.test(text));
}

/** Whether amounts are written with a currency, thousands marks or percent signs: too many values for categories. */
function isAmountText({ examples, distinct }: ColumnFacts): boolean {
  return distinct > FEW_VALUES && examples.every((text) => AMOUNT.test(text) && /[^\d.]/.test(text));
}

/** Whether a text column has numbers with a comma as their decimal mark. */
export function hasDecimalComma({ kind, examples, delimiters, numbers, present }: ColumnFacts): boolean {
  const commas = delimiters.find(({ delimiter }) => delimiter === ',');
  const isOther = delimiters.some(({ delimiter }) => delimiter !== ',');
  return (
    kind === 'text' &&
    commas?.longest === 2 &&
    !isOther &&
    commas.rows + (numbers?.count ?? 0) >= present &&
    examples.every((text) => /^[-+]?\d+(,\d+)?$/.test(text))
  );
}

/** Whether the values are several each: those of a list always are. */
function areSeveral(column: ColumnFacts, facts: ListFacts): boolean {
  const { kind, present, distinct } = column;
  const { delimiter, rows, items, distinct: values, longest } = facts;
  if (kind === 'list' || isVector(column, facts)) return true;
  if (values === 0 || longest < 2) return false;
  if (delimiter === null) return true;
  // Texts of many words, such as titles, are more different than their words; those of few, such as towns, are not.
  const isCombined = distinct > values && items >= ITEMS_REPEAT * values && rows > 0.2 * present;
  return delimiter === '|'
    ? isCombined || items >= 2 * rows
    : isCombined && (delimiter !== '/' || distinct > 2 * values);
}

/** Numbers with fractions are no ids: a vector, where every row has as many; `null` for whole numbers and texts. */
function severalNumbers(column: ColumnFacts, facts: ListFacts): Decision | null {
  const { items, numbers, fractions, shortest, longest, delimiter } = facts;
  if (isVector(column, facts))
    return {
      type: 'vector',
      members: { length: String(longest), ...delimiterMember(delimiter) },
      why: `${count(longest)} numbers in every row`,
    };
  if (!isFloats(column) && (numbers < items || fractions === 0)) return null;
  return {
    leftOut: `${count(shortest)} to ${count(longest)} numbers with fractions: no vector, and no values of a set`,
  };
}

/** Whether all rows have as many numbers, several of them: with fractions in text, of a type with fractions in lists. */
function isVector(column: ColumnFacts, { items, numbers, fractions, shortest, longest }: ListFacts): boolean {
  const isNumeric = numbers === items && items > 0 && (isFloats(column) || fractions > 0);
  return isNumeric && shortest === longest && longest >= 2 && longest <= LONGEST_VECTOR;
}

function isFloats({ kind, type }: ColumnFacts): boolean {
  return kind === 'list' && /^(FLOAT|DOUBLE|DECIMAL)/.test(itemType(type));
}

function delimiterMember(delimiter: string | null): Record<string, string> {
  return delimiter === null ? {} : { delimiter: JSON.stringify(delimiter) };
}

function bag({ delimiter, items, distinct, longest }: ListFacts, rows: number): Decision {
  const length = Math.min(MOST_LENGTH, Math.max(1, longest));
  const table = tableOf(distinct, items);
  return {
    type: 'bag',
    members: {
      ...delimiterMember(delimiter),
      ...table.members,
      ...(length === 20 ? {} : { max_length: String(length) }),
    },
    why: `${countOf(distinct, 'distinct item')}, ${(items / Math.max(1, rows)).toFixed(1)} a row, at most ${count(longest)}${table.why}`,
  };
}

function numeric(column: ColumnFacts, rows: number): Decision {
  const { name, distinct, numbers, present, kind } = column;
  if (numbers === null) return category(column, rows);
  const { least, median, high, most, whole } = numbers;
  const isWhole = whole === present;
  const named = namedKind(name);
  if (isPosition(name) && isWhole)
    return {
      type: distinct <= MOST_LENGTH ? 'category' : 'number',
      members: {
        ...(distinct <= MOST_LENGTH ? tableOf(distinct, present).members : { log1p: 'true' }),
        at_scoring: String(least),
      },
      why: `known only once it is shown: candidates without it count as ${least}`,
    };
  if (isWhole && (named === 'category' || idRole(name) !== null || kind === 'boolean')) return category(column, rows);
  if (isWhole && named === null && (distinct <= FEW_VALUES || areIds(column))) return category(column, rows);
  const missing = present === rows ? '' : `, missing in ${percent(1 - present / rows)} of the rows`;
  const range = `${short(least)} to ${short(most)}, median ${short(median)}${missing}`;
  if (least >= 0 && high > SKEWED * Math.max(median, 0.1))
    return { type: 'number', members: { log1p: 'true' }, why: `${range}: skewed` };
  if (most - least > FAR * Math.max(Math.abs(high - median), 1e-9) && distinct > MOST_LENGTH)
    return { type: 'number', members: { quantiles: '20', dimension: '8' }, why: `${range}: far outliers` };
  return { type: 'number', members: {}, why: range };
}

/**
 * Whether whole numbers without a telling name are ids: very large ones, or such as are spread over a range evenly, and
 * fill it with few gaps or repeat often.
 */
function areIds({ distinct, present, numbers }: ColumnFacts): boolean {
  if (numbers === null || distinct < MOST_LENGTH) return false;
  const { least, median, most } = numbers;
  const isEven = most > 0 && Math.abs(median - (least + most) / 2) < (most - least) / 4;
  return (
    least >= 0 &&
    (least > 1e6 ||
      (isEven && distinct > 1000 && (distinct > 0.5 * (most - least + 1) || present > REPEATED * distinct)))
  );
}

function category({ distinct, present, kind, longest, length }: ColumnFacts, rows: number): Decision {
  if (present / distinct < ROWS_OF_VALUE) {
    const what =
      kind === 'text' && length > LONGEST_EXAMPLE && longest > 2 * LONGEST_EXAMPLE
        ? 'free text'
        : 'hardly a value repeats';
    return { leftOut: `${what}: ${countOf(distinct, 'distinct value')} in ${countOf(present, 'row')}` };
  }
  const { members, why } = tableOf(distinct, present);
  const missing = present === rows ? '' : `, missing in ${percent(1 - present / rows)} of the rows`;
  return { type: 'category', members, why: `${countOf(distinct, 'distinct value')}${missing}${why}` };
}

/** Returns the keys of a table for so many distinct values: its width, and a hash where there are many. */
export function tableOf(
  distinct: number,
  values: number,
): { readonly members: Record<string, string>; readonly why: string } {
  const dimension = String(Math.min(WIDEST, Math.max(NARROWEST, Math.round(3 * distinct ** 0.25))));
  if (distinct <= MOST_IN_VOCABULARY) return { members: { dimension }, why: '' };
  const buckets = Math.min(MOST_BUCKETS, 2 ** Math.ceil(Math.log2(1.5 * distinct)));
  return {
    members: { dimension, hash: String(buckets) },
    why: `, ${(values / distinct).toFixed(1)} rows each: hashed`,
  };
}

function short(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : String(Number(value.toPrecision(4)));
}

/** Returns names for features after those of their columns: such as the declaration takes, and each once. */
export function featureNames(columns: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const column of columns) {
    const plain = column
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^A-Za-z0-9_]+/g, '_')
      .replace(/^_+|_+$/g, '');
    const sound = /^[A-Za-z]/.test(plain) ? plain : `column_${plain}`;
    const free = RESERVED.test(sound) ? `column_${sound}` : sound;
    let name = free;
    for (let n = 2; taken.has(name.toLowerCase()); n += 1) name = `${free}_${n}`;
    // A bag's weights have the name of the bag with this ending.
    taken.add(name.toLowerCase()).add(`${name.toLowerCase()}_weights`);
    names.set(column, name);
  }
  return names;
}

/** Names of the scores' probabilities, and of what every JavaScript object has. */
const RESERVED =
  /^(pctr|pcvr|pctcvr|p_.*|constructor|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|toLocaleString|toString|valueOf)$/i;

/** Decides whom a column describes: by what it depends on, else by its name. */
export function decideEntity(
  name: string,
  shares: { readonly user: number | null; readonly item: number | null; readonly session: number | null },
): 'user' | 'item' | 'context' {
  const CONSTANT = 0.98;
  const named = entityOf(name);
  const isOf = (share: number | null) => share !== null && share >= CONSTANT;
  if (isOf(shares.user) !== isOf(shares.item)) return isOf(shares.user) ? 'user' : 'item';
  if (isOf(shares.user)) return named === 'item' ? 'item' : 'user';
  if (isOf(shares.session)) return named === 'item' ? 'item' : 'user';
  // What is known to change between the rows of a user is no property of the user.
  if (named === 'user' && shares.user !== null) return 'context';
  if (named === 'item' && shares.item !== null) return 'context';
  return named ?? 'context';
}

/** Returns a column that is not used, with the reason. */
export function leftOut(column: string, why: string): LeftOutColumn {
  return { column, why };
}
