import { describe, expect, it } from 'vitest';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import {
  addCounts,
  missingShare,
  unknownShare,
  unknownShares,
  ValueCounter,
} from '../../../lib/table/encode/value-counts.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { bag, category, declare, number, openLog, rowsSql, table, vocabulary, workplace } from '../fixture.ts';

const place = workplace();

const rows = [
  "0, 1, 1, 'train', 'a', 'x|y', 1, 4, 1",
  "1, 1, 0, 'train', 'a', 'x', 2, 5, 2",
  "2, 0, 0, 'train', 'b', NULL, 3, NULL, 3",
  "3, 0, 0, 'test', 'a', 'x|z|w', 1, 5, NULL",
  "4, 0, 0, 'test', 'never', NULL, 9, NULL, 12",
  "5, 0, 0, 'test', NULL, 'y', 9, NULL, -1",
];
const declaration = declare(
  [
    category('item'),
    bag('history', { delimiter: '|' }),
    category('hashed'),
    number('age'),
    category('shop', { embedding: 'ids' }),
  ],
  {
    embeddings: [
      table('item', vocabulary({ unknown: 3 })),
      table('history', vocabulary()),
      table('hashed', { kind: 'hash', buckets: 4, seed: 0 }),
      table('ids', { kind: 'ids', size: 10 }),
    ],
  },
);

async function counted(count: (counter: ValueCounter, chunk: Parameters<ValueCounter['add']>[0]) => void) {
  const path = await place.write(
    'log.csv',
    rowsSql('row, click, conversion, part, item, history, hashed, age, shop', rows),
  );
  const log = await openLog(place, path, declaration);
  const { encoder } = await fitEncoder(place.database, log);
  const counter = new ValueCounter(encoder);
  for await (const chunk of encodeLog(place.database, log, encoder, { parts: ['test'], chunkRows: 2 }))
    count(counter, chunk);
  return counter.counts();
}

describe('counts of values', () => {
  it('tell missing and unknown values apart, in each kind of feature', async () => {
    const counts = await counted((counter, chunk) => counter.add(chunk));
    expect(counts).toEqual({
      item: { rows: 3, missing: 1, values: 2, unknown: 1 },
      // z and w, of x, z, w and y.
      history: { rows: 3, missing: 1, values: 4, unknown: 2 },
      hashed: { rows: 3, missing: 0, values: 3, unknown: null },
      age: { rows: 3, missing: 2, values: 1, unknown: null },
      // 12 and -1 are out of range.
      shop: { rows: 3, missing: 1, values: 2, unknown: 2 },
    });
    expect(unknownShares(counts)).toEqual({ item: 0.5, history: 0.5, shop: 1 });
    expect(missingShare(counts.age as (typeof counts)[string])).toBe(2 / 3);
  });

  it('see the one value that is missing, or unknown, wherever it stands among the rows', () => {
    const inputs = [{ kind: 'id', name: 'shop', table: 'ids', entity: 'item' }] as const;
    for (const [id, expected] of Object.entries({ 0: { missing: 1, unknown: 0 }, 1: { missing: 0, unknown: 1 } }))
      for (let row = 0; row < 11; row++) {
        const counter = new ValueCounter({ inputs, embeddings: declaration.embeddings });
        counter.add({
          rows: 11,
          ids: { shop: new Int32Array(11).fill(2).fill(Number(id), row, row + 1) },
          numbers: {},
        });
        const counts = { rows: 11, values: 11 - expected.missing, ...expected };
        expect(counter.counts().shop, `${id} in row ${row}`).toEqual(counts);
      }
  });

  it('can be of some rows of a chunk', async () => {
    const counts = await counted((counter, chunk) => counter.add(chunk, new Uint32Array([0])));
    expect(counts.item).toEqual({ rows: 2, missing: 1, values: 1, unknown: 0 });
    expect(counts.history).toEqual({ rows: 2, missing: 0, values: 4, unknown: 2 });
    expect(counts.age).toEqual({ rows: 2, missing: 1, values: 1, unknown: null });
  });

  it('add up, and have shares of 0 without rows', () => {
    const [a, b] = [
      { rows: 2, missing: 1, values: 1, unknown: 1 },
      { rows: 3, missing: 0, values: 5, unknown: 2 },
    ];
    expect(addCounts(a, b)).toEqual({ rows: 5, missing: 1, values: 6, unknown: 3 });
    expect(addCounts({ ...a, unknown: null }, { ...b, unknown: null }).unknown).toBeNull();
    const none = { rows: 0, missing: 0, values: 0, unknown: 0 };
    expect([missingShare(none), unknownShare(none), unknownShare({ values: 3, unknown: null })]).toEqual([0, 0, 0]);
    expect(unknownShares({ item: none })).toEqual({});
  });
});
