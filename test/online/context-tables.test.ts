/** Features joined by key from tables of neither users nor items, in files and in requests alike. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScorer } from '../../exports/open-scorer.ts';
import type { OnlineScorer } from '../../lib/online/online-scorer.ts';
import { areas, DECLARATION, items, openShop, type Shop, slots, users } from './shop.ts';

/** `area` has a table of areas, and `slot` one of times of the day; a cross joins columns of two tables. */
const WITH_TABLES = DECLARATION.replace(
  'item: { key: item_id } }',
  'item: { key: item_id }, area: { key: area_id }, slot: { key: slot, missing: unknown } }',
).replace(
  'features:',
  `features:
  rain: { type: number, entity: area }
  zone: { type: category, entity: area, dimension: 2 }
  rush: { type: number, entity: slot }
  there: { type: cross, of: [zone, city], entity: context, hash: 50, dimension: 4 }`,
);

let shop: Shop;
let scorer: OnlineScorer;

beforeAll(async () => {
  shop = await openShop('scoring: { max_rejected: 1 }\n', WITH_TABLES);
  await shop.promote(1);
  await shop.publishTables('2026-01-01');
  scorer = await openScorer(shop.store, 'shop', { refreshSeconds: null });
});
afterAll(async () => {
  await scorer.close();
  await shop.remove();
});

const CANDIDATES = Array.from({ length: 200 }, (_, row) => ({
  row,
  user_id: row % 40,
  item_id: `i${row % 30}`,
  area_id: row % 37 === 5 ? 99 : row % 8,
  slot: row % 41 === 7 ? 'dawn' : slots[row % 3]?.slot,
  hour: row === 100 ? 'noon' : row % 24,
}));

/** The same rows with every column of the tables. */
const WIDE = CANDIDATES.map((row) => ({
  ...users[row.user_id],
  ...items[row.row % 30],
  ...(areas[row.area_id] ?? { rain: '', zone: '' }),
  ...(slots.find(({ slot }) => slot === row.slot) ?? { rush: '' }),
  ...row,
}));

describe('tables of any entity', () => {
  it('give files of keys the scores of files with every column', async () => {
    const { scores, rejects } = await shop.scoreFile('keys', CANDIDATES);
    expect(rejects.map(({ row, reason, column, value }) => [Number(row), reason, column, value])).toEqual(
      CANDIDATES.flatMap(({ row, area_id, hour }) => {
        if (area_id === 99) return [[row, 'unknown_entity', 'area_id', '99']];
        return hour === 'noon' ? [[row, 'number_not_numeric', 'hour', 'noon']] : [];
      }),
    );
    const wide = await shop.scoreFile('wide', WIDE);
    const known = new Set(scores.map(({ row }) => Number(row)));
    expect(scores).toEqual(wide.scores.filter(({ row }) => known.has(Number(row))));
    expect(scores.length).toBe(200 - rejects.length);
  });

  it('give requests the scores of files', async () => {
    const { scores, rejects } = await shop.scoreFile('again', CANDIDATES);
    const result = await scorer.score(CANDIDATES);
    expect(result.scores.flatMap((row, index) => (row === null ? [] : { row: BigInt(index), ...row }))).toEqual(
      scores.map((row) => ({ ...row, row: BigInt(String(row.row)) })),
    );
    expect(result.rejects.map(({ expected, row, ...fault }) => ({ row: BigInt(row), ...fault }))).toEqual(rejects);
    expect(result.rejects[0]?.expected).toBe('a key of the table features/area/dt=2026-01-01/');
    const { area_id, slot, ...rest } = CANDIDATES[0] as (typeof CANDIDATES)[0];
    const shared = (await scorer.score([rest], { shared: { area_id, slot } })).scores;
    expect(shared).toEqual((await scorer.score([{ ...rest, area_id, slot }])).scores);
    expect((await scorer.score([{ ...rest, slot }])).rejects).toMatchObject([
      { reason: 'column_missing', column: 'area_id', expected: 'a key of the table features/area/dt=2026-01-01/' },
    ]);
  });
});
