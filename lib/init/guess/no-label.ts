/** What is said of a log without labels: what its columns have instead, and what to write of them. */
import { countOf, listed, percent } from '../../numbers/text.ts';
import type { ColumnFacts } from '../../table/profile/column-facts.ts';
import { isRating, labelRole } from '../names.ts';
import { isTime } from './ids.ts';

/** Columns of which it is said how to make a label of them. */
const MOST_REMEDIES = 4;
/** Values of a column that has the kinds of events. */
const MOST_EVENTS = 50;

/** Returns the sentence on a log in which no label was found. */
export function noLabel(
  source: string,
  columns: readonly ColumnFacts[],
  binary: readonly { readonly column: string; readonly rate: number }[],
): string {
  const flag = '--label click=<column> --label conversion=<column>';
  const found =
    binary.length === 0
      ? `none of ${countOf(columns.length, 'column')} has 0 and 1`
      : `of ${listed(binary.map(({ column, rate }) => `${column} (${percent(rate)})`))} none is named so or is 1 only where another is`;
  const remedies = columns.flatMap((column) => {
    const remedy = remedyOf(column);
    return remedy === null ? [] : [{ isNamed: labelRole(column.name) !== null, text: `; ${column.name} ${remedy}` }];
  });
  const named = remedies.filter(({ isNamed }) => isNamed);
  const told = (named.length > 0 ? named : remedies).slice(0, MOST_REMEDIES).map(({ text }) => text);
  return `no label found: looked for 0/1 columns named as a click, visit, conversion or purchase, or nested in each other; ${found}${told.join('')}; name them with ${flag} (in ${source})`;
}

/** Returns what to write of a column so that it is a label, after a semicolon; an empty text where that is not known. */
export function asLabel(column: ColumnFacts): string {
  const remedy = remedyOf(column);
  return remedy === null ? '' : `; it ${remedy}`;
}

/** Returns why a column is no label. */
export function whyNoLabel({ present, ones, zeros, examples, distinct }: ColumnFacts): string {
  if (present === 0) return 'has no value';
  if (ones + zeros === present) return ones === 0 ? 'is 0 in every row' : 'is 1 in every row that has a value';
  return `has ${countOf(distinct, 'value')}, such as ${examples.map((value) => JSON.stringify(value)).join(', ')}`;
}

/** What a column is that could be a label if it were written as one, and how; `null` where nothing speaks for it. */
function remedyOf(column: ColumnFacts): string | null {
  const { name, kind, present, distinct, numbers, zeros, ones, examples, isInPath } = column;
  const isNamed = labelRole(name) !== null;
  const isNumeric = numbers !== null && numbers.count === present;
  if (isInPath || present === 0 || kind === 'list') return null;
  if (distinct === 1 && ones === present && isNamed) return 'is 1 or missing: write 0 where it is missing';
  if (isTime(column) && isNamed) return 'is a time: write whether there is one';
  if (distinct === 2 && isNumeric && numbers.least === -1 && numbers.most === 1) return 'has -1 and 1: write 0 for -1';
  if (isNumeric && isRating(name) && numbers.whole === present && numbers.most > 1)
    return `is a rating from ${numbers.least} to ${numbers.most}: write whether it is high, such as at least ${Math.ceil((numbers.median + numbers.most) / 2)}`;
  if (isNumeric && isNamed && zeros > 0 && numbers.most > 1)
    return 'is a count or an amount: write whether it is above 0';
  if (kind !== 'text' || isNumeric) return null;
  const values = examples.map((value) => JSON.stringify(value)).join(' and ');
  if (distinct === 2 && ones + zeros < present) return `has ${values}: write 1 and 0`;
  const isOfEvents = distinct <= MOST_EVENTS && examples.filter((value) => labelRole(value) !== null).length >= 2;
  return isOfEvents
    ? `has the kinds of events, such as ${values}: write one row for each impression, with 0 or 1 for each kind`
    : null;
}
