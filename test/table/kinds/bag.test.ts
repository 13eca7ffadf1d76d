import { describe, expect, it } from 'vitest';
import type { IdSource } from '../../../lib/config/declaration.ts';
import { bag, declare, encodeAll, openLog, rowsSql, table, vocabulary, workplace } from '../fixture.ts';

const place = workplace();
const COLUMNS = 'row, click, conversion, part, tags';
const LABELS = "0, 0, 'train'";

/** Returns the ids of the bag in each row, without the padding. */
async function idsOf(
  name: string,
  rows: readonly string[],
  options: Parameters<typeof bag>[1] = {},
  ids = vocabulary(),
) {
  const all = rows.map((row, i) => `${i}, ${i === 0 ? "1, 1, 'train'" : LABELS}, ${row}`);
  const path = await place.write(name, rowsSql(COLUMNS, all));
  const declaration = declare([bag('tags', options)], { embeddings: [table('tags', ids)] });
  const encoded = [...((await encodeAll(place, path, declaration)).ids.tags ?? [])].map(Number);
  return rows.map((_, row) => encoded.slice(row * 3, (row + 1) * 3).filter((id) => id > 0));
}

describe('a bag of more values than max_length', () => {
  it.each([
    ['first', [1, 2, 3]],
    ['last', [3, 4, 5]],
  ] as const)('keeps the %s', async (keep, kept) => {
    // Row 0 of a table of ids is the missing value, row 1 an unknown one, and the id 0 is row 2.
    const rowOf = (id: number) => id + 2;
    const ids: IdSource = { kind: 'ids', size: 10 };
    const [long, short] = await idsOf(`${keep}.parquet`, ['[1, 2, 3, 4, 5]', '[1, 5]'], { keep }, ids);
    expect(long).toEqual(kept.map(rowOf));
    expect(short).toEqual([1, 5].map(rowOf));
  });
});

describe('a bag without a delimiter', () => {
  it('reads lists that are written as text', async () => {
    const [json, python, list] = await idsOf('written.csv', [`'["a", "b"]'`, `'[''a'', ''b'']'`, `'[a, b]'`]);
    expect(json).toHaveLength(2);
    expect([python, list]).toEqual([json, json]);
  });

  it('rejects other text', async () => {
    const path = await place.write(
      'text.csv',
      rowsSql(COLUMNS, [`1, ${LABELS}, 'a|b'`, `2, ${LABELS}, NULL`, `3, ${LABELS}, 'NA'`]),
    );
    expect((await openLog(place, path, declare([bag('tags')]))).rejects).toEqual([
      { reason: 'list_not_written', column: 'tags', rows: 1, examples: [{ row: 0, value: 'a|b' }] },
    ]);
  });
});

describe('the weights of a bag', () => {
  it('are not valid if their sum is not a float32', async () => {
    const rows = [`1, ${LABELS}, ['a', 'b'], [3e38, 3e38]`, `2, ${LABELS}, ['a', 'b'], [3e38, 1]`];
    const path = await place.write('sum.parquet', rowsSql(`${COLUMNS}, w`, rows));
    expect((await openLog(place, path, declare([bag('tags', { weights: 'w' })]))).rejects).toMatchObject([
      { reason: 'weight_not_valid', column: 'w', rows: 1 },
    ]);
  });
});
