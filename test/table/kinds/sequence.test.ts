import { describe, expect, it } from 'vitest';
import type { IdSource } from '../../../lib/config/declaration.ts';
import type { SequenceFeature } from '../../../lib/config/features/sequence.ts';
import { summarizeLog } from '../../../lib/table/fit/summary.ts';
import { declare, encodeAll, openLog, rowsSql, sequence, table, vocabulary, workplace } from '../fixture.ts';

const place = workplace();
const COLUMNS = 'row, click, conversion, part, seen';
/** The id 0 is row 2 of its table: row 0 is the missing value, row 1 an unknown one. */
const IDS: IdSource = { kind: 'ids', size: 10 };

/** Writes a log of a sequence's values, and returns its path with the declaration. */
async function logOf(name: string, values: readonly string[], options: Partial<SequenceFeature> = {}, ids = IDS) {
  const all = values.map((value, i) => `${i}, ${i === 0 ? '1, 1' : '0, 0'}, 'train', ${value}`);
  const path = await place.write(name, rowsSql(COLUMNS, all));
  return { path, declaration: declare([sequence('seen', options)], { embeddings: [table('seen', ids)] }) };
}

async function encoded(...given: Parameters<typeof logOf>) {
  const { path, declaration } = await logOf(...given);
  const { ids, weights } = await encodeAll(place, path, declaration);
  const rows = (values: ArrayLike<number> = []) =>
    given[1].map((_, row) => Array.from(values).slice(row * 3, row * 3 + 3));
  return { ids: rows(ids.seen), weights: rows(weights.seen) };
}

describe('a sequence', () => {
  it('begins with the last value of a list that is written oldest first, and keeps the last ones', async () => {
    const { ids, weights } = await encoded('last.parquet', ['[1, 2, 3, 4, 5]', '[1, 5]', '[7]']);
    expect(ids).toEqual([
      [7, 6, 5],
      [7, 3, 0],
      [9, 0, 0],
    ]);
    expect(weights).toEqual([
      [1, 1, 1],
      [1, 1, 0],
      [1, 0, 0],
    ]);
  });

  it('begins with the first value of a list that is written newest first, and keeps the first ones', async () => {
    const { ids } = await encoded('first.parquet', ['[1, 2, 3, 4, 5]', '[1, 5]'], { keep: 'first' });
    expect(ids).toEqual([
      [3, 4, 5],
      [3, 7, 0],
    ]);
  });

  it('has no value where the list is empty, NULL, or holds nothing but missing values', async () => {
    const { ids, weights } = await encoded('none.parquet', ['[1]', '[]', 'NULL', '[NULL, NULL]']);
    expect(ids.slice(1)).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(weights.slice(1)).toEqual(ids.slice(1));
  });

  it('leaves missing values out, and an unknown value in its place', async () => {
    const { ids } = await encoded('items.parquet', ['[1, NULL, 2]', '[1, 99, 2]']);
    expect(ids).toEqual([
      [4, 3, 0],
      [4, 1, 3],
    ]);
  });

  it('is encoded the same as a list, and as text with a delimiter or in brackets', async () => {
    const rows = ['[1, 2, 3, 4]', '[5]', '[]', 'NULL', '[6, 7]'];
    const list = await encoded('list.parquet', rows);
    const text = await encoded('text.csv', ["'1|2|3|4'", "'5'", "''", 'NULL', "'6||7'"], { delimiter: '|' });
    const written = await encoded('written.csv', ["'[1, 2, 3, 4]'", "'[5]'", "'[]'", 'NULL', "'[6, 7]'"]);
    expect([text, written]).toEqual([list, list]);
  });

  it('rejects values that are no integers where the table has ids', async () => {
    const { path, declaration } = await logOf('ids.csv', ["'1|x|2'", "'1|2'"], { delimiter: '|' });
    expect((await openLog(place, path, declaration)).rejects).toEqual([
      { reason: 'id_not_integer', column: 'seen', rows: 1, examples: [{ row: 0, value: '1|x|2' }] },
    ]);
  });

  it('is refused if its column is no list', async () => {
    const { path, declaration } = await logOf('number.parquet', ['1', '2']);
    await expect(openLog(place, path, declaration)).rejects.toThrow(
      'log columns of a wrong type: seen is INTEGER, expected a list',
    );
  });

  it('is told to be cut, with the share and the side', async () => {
    const { path, declaration } = await logOf('cut.parquet', ['[1, 2, 3, 4, 5]', '[1]', '[2]', '[3]']);
    const { summary } = await summarizeLog(place.database, await openLog(place, path, declaration));
    expect(summary.notes).toContain('seen: 25% of the values are cut (max_length 3, the last are kept)');
    expect(summary.dropped).toEqual({ seen: 2 });
  });

  it('has its values in the vocabulary of its table', async () => {
    const { ids } = await encoded('words.parquet', ["['a', 'b']", "['b']", "['b', 'c']"], {}, vocabulary());
    expect(ids).toEqual([
      [2, 3, 0],
      [2, 0, 0],
      [4, 2, 0],
    ]);
  });
});
