/** One logical table, and what each of its values must be encoded to, whichever program wrote it. */
import { readFileSync } from 'node:fs';
import type { Declaration } from '../../../../lib/config/declaration.ts';
import type { EncodedChunk } from '../../../../lib/table/encoded.ts';
import { bag, category, declare, number } from '../../../table/fixture.ts';

/** Folder of the table's values, of files that other people's writers made of them, and of the script that did. */
export const FIXTURES = new URL('../../../fixtures/writers/', import.meta.url).pathname;

/** Rows of the table. */
export const ROWS = 40;

type Scalar = string | number | boolean | null;

/** Values by column: what is written, and for categories the canonical text that it must be read as, made by hand. */
const VALUES: Readonly<Record<string, readonly (readonly [Scalar | readonly Scalar[], (string | null)?])[]>> =
  JSON.parse(readFileSync(`${FIXTURES}values.json`, 'utf8'));

const CATEGORIES = ['city', 'user_id', 'price', 'ratio', 'day', 'seen_at', 'active', 'size', 'nothing'];
const LENGTH = { tags: 4, pair: 2 };

export const DECLARATION: Declaration = declare([
  ...CATEGORIES.map((name) => category(name)),
  number('amount'),
  bag('tags', { delimiter: '|', weights: 'weights', maxLength: LENGTH.tags }),
  bag('pair', { delimiter: '|', maxLength: LENGTH.pair }),
]);

/** The columns of the features, which candidates have as well. */
export const COLUMNS = Object.keys(VALUES);

/** What row `row` has in a column. Labels and the part are functions of the row. */
export function valueAt(column: string, row: number): Scalar | readonly Scalar[] {
  if (column === 'row') return row;
  if (column === 'click') return row % 2;
  if (column === 'conversion') return row % 4 === 1 ? 1 : 0;
  if (column === 'part') return 'train';
  return pairAt(column, row)[0];
}

/** The encoded rows, by input. */
export function expectedRows(): Record<string, number[]> {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const encoded: Record<string, number[]> = {};
  for (const name of CATEGORIES) {
    const texts = rows.map((row) => pairAt(name, row)[1] ?? null);
    encoded[name] = texts.map(vocabulary(texts));
  }
  for (const [name, length] of Object.entries(LENGTH)) {
    const lists = rows.map((row) => bagAt(name, row));
    const texts = lists.flat().map(({ text }) => text);
    const ids = vocabulary(texts);
    encoded[name] = lists.flatMap((list) => padded(list, length, ({ text }) => ids(text)));
    encoded[`${name} weights`] = lists.flatMap((list) => padded(list, length, ({ weight }) => weight));
  }
  encoded.amount = rows.map((row) => Math.fround((valueAt('amount', row) as number | null) ?? Number.NaN) + 0);
  return encoded;
}

/** The rows of a chunk in the same form. */
export function rowsOf({ ids, weights, numbers }: EncodedChunk): Record<string, number[]> {
  return {
    ...mapValues(ids, (values) => Array.from(values, Number)),
    ...Object.fromEntries(Object.entries(weights).map(([name, values]) => [`${name} weights`, Array.from(values)])),
    // A model makes the same of -0 and 0.
    ...mapValues(numbers, (values) => Array.from(values, (value) => value + 0)),
  };
}

/** Says for each input whose encoded rows differ where they do so first; nothing where all are the same. */
export function differences(got: Readonly<Record<string, readonly number[]>>): string[] {
  const expected = expectedRows();
  return [...new Set([...Object.keys(expected), ...Object.keys(got)])].flatMap((name) => {
    const [want = [], have = []] = [expected[name], got[name]];
    const at = want.findIndex((value, index) => !Object.is(value, have[index]));
    if (at < 0 && have.length === want.length) return [];
    const row = Math.floor(at / (want.length / ROWS));
    return [`${name}: row ${row} (${JSON.stringify(valueAt(name, row))}) is ${have[at]}, expected ${want[at]}`];
  });
}

/** The values of a bag with their weights; a missing value is left out, with its weight. */
function bagAt(name: string, row: number): { readonly text: string; readonly weight: number }[] {
  const values = (valueAt(name, row) ?? []) as readonly (string | null)[];
  const weights = name === 'tags' ? (valueAt('weights', row) as readonly number[] | null) : null;
  return values.flatMap((text, index) => (text === null ? [] : [{ text, weight: weights?.[index] ?? 1 }]));
}

function pairAt(column: string, row: number): readonly [Scalar | readonly Scalar[], (string | null)?] {
  const values = VALUES[column] ?? [];
  return values[row % values.length] ?? [null];
}

/** Ids of a vocabulary: 0 is missing, 1 is unknown, and the values follow, the most frequent first, then by their bytes. */
function vocabulary(texts: readonly (string | null)[]): (text: string | null) => number {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== null) counts.set(text, (counts.get(text) ?? 0) + 1);
  const order = [...counts].sort((a, b) => b[1] - a[1] || Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])));
  const ids = new Map(order.map(([text], index) => [text, index + 2]));
  return (text) => (text === null ? 0 : (ids.get(text) ?? 1));
}

function padded<Item>(items: readonly Item[], length: number, number: (item: Item) => number): number[] {
  return Array.from({ length }, (_, index) => (index < items.length ? number(items[index] as Item) : 0));
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
