/** Values and requests that nobody plans for: the outcome is that of a file, or one that says what is wrong. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScorer } from '../../exports/open-scorer.ts';
import type { ObjectRow, OnlineScorer } from '../../lib/online/online-scorer.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let scorer: OnlineScorer;

beforeAll(async () => {
  shop = await openShop('scoring: { max_rejected: 1 }\n');
  await shop.promote(1);
  await shop.publishTables('2026-01-01');
  scorer = await openScorer(shop.store, 'shop', { refreshSeconds: null });
});
afterAll(async () => {
  await scorer.close();
  await shop.remove();
});

const GOOD = { user_id: 3, item_id: 'i4', hour: 5 };

/** The scores of each row by itself. */
async function alone(rows: readonly ObjectRow[]) {
  const scores = [];
  for (const row of rows) scores.push((await scorer.score([row])).scores[0]);
  return scores;
}

describe('a request', () => {
  it('with the same candidate twice has its scores twice', async () => {
    const { scores, rejects } = await scorer.score([GOOD, { ...GOOD, item_id: 'i5' }, GOOD, GOOD]);
    expect(rejects).toEqual([]);
    expect([scores[2], scores[3]]).toEqual([scores[0], scores[0]]);
    expect(scores[1]).not.toEqual(scores[0]);
  });

  it('of 20,000 rows has the scores and rejects of the file, and of none has none', async () => {
    const rows = Array.from({ length: 20_000 }, (_, row) => ({
      row,
      user_id: row % 50,
      item_id: `i${row % 31}`,
      hour: row % 1000 === 17 ? 'noon' : (row % 240) / 10,
    }));
    const file = await shop.scoreFile('many', rows);
    const { scores, rejects } = await scorer.score(rows);
    const scored = scores.flatMap((score, row) =>
      score === null ? [] : [[row, score.pctr, score.pcvr, score.pctcvr]],
    );
    expect(scored).toEqual(file.scores.map(({ row, pctr, pcvr, pctcvr }) => [Number(row), pctr, pcvr, pctcvr]));
    expect(rejects.map(({ row, reason, value }) => [row, reason, value])).toEqual(
      file.rejects.map(({ row, reason, value }) => [Number(row), reason, value]),
    );
    expect(await scorer.score([], { shared: GOOD })).toMatchObject({ scores: [], rejects: [] });
  });
});

describe('a value', () => {
  it('that is written in another way means the same', async () => {
    const [plain] = await alone([GOOD]);
    const rows = [
      { ...GOOD, user_id: 3n },
      { ...GOOD, user_id: '3' },
      { ...GOOD, user_id: ' 003 ' },
      { ...GOOD, user_id: 3.0, hour: '5.0' },
      { ...GOOD, hour: 5n },
      { ...GOOD, item_id: ' i4' },
      { USER_ID: 3, Item_Id: 'i4', HOUR: 5 },
    ];
    expect(await alone(rows)).toEqual(rows.map(() => plain));
  });

  it.each<[string, ObjectRow, string, string]>([
    ['an infinite number', { hour: Number.NEGATIVE_INFINITY }, 'number_not_finite', 'hour'],
    ['a date for a number', { hour: new Date(0) }, 'column_type', 'hour'],
    ['a date that is none', { position: new Date(Number.NaN) }, 'column_type', 'position'],
    ['a list for a number', { hour: [5] }, 'column_type', 'hour'],
    ['an object for a category', { city: { name: 'x' } }, 'column_type', 'city'],
    ['a list for a key', { user_id: [3] }, 'column_type', 'user_id'],
    ['a boolean for a key', { user_id: true }, 'column_type', 'user_id'],
    ['a function', { city: () => 5 }, 'column_type', 'city'],
    ['a symbol', { city: Symbol('x') }, 'column_type', 'city'],
    ['a number that is no exact id', { brand: 2 ** 60 }, 'integer_not_exact', 'brand'],
    ['an absent key', { user_id: undefined }, 'column_missing', 'user_id'],
    ['an absent value', { hour: undefined }, 'column_missing', 'hour'],
  ])('that is %s is rejected', async (_what, value, reason, column) => {
    const { rejects, scores } = await scorer.score([GOOD, { ...GOOD, ...value }, GOOD]);
    expect(rejects).toMatchObject([{ row: 1, reason, column }]);
    expect(scores.map((score) => score === null)).toEqual([false, true, false]);
  });

  it('that is missing is scored as a missing one of a file', async () => {
    // The last one is rejected, so that there is a file of rejects.
    const rows = ['', 'NA', ' ', 'noon'].map((hour, row) => ({ row, user_id: 3, item_id: 'i4', hour }));
    const { scores } = await shop.scoreFile('missing', rows);
    const missing = [null, Number.NaN, '', 'NA', ' '].map((hour) => ({ ...GOOD, hour }));
    const expected = scores.map(({ row, ...own }) => own)[0];
    expect(await alone(missing)).toEqual(missing.map(() => expected));
  });
});

describe('a key of an object', () => {
  it('that is one of every object neither counts as a column nor changes anything', async () => {
    const [plain] = await alone([GOOD]);
    const named = JSON.parse(
      '{"__proto__": {"hour": 9, "polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "toString": 1, "user_id": 3, "item_id": "i4", "hour": 5}',
    );
    const { scores, rejects } = await scorer.score([named], { shared: JSON.parse('{"__proto__": {"hour": 1}}') });
    expect([scores, rejects]).toEqual([[plain], []]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    // What an object inherits is no column of it.
    const { hour, ...rest } = GOOD;
    const inheriting = Object.assign(Object.create({ hour }), rest);
    expect((await scorer.score([inheriting])).rejects).toMatchObject([{ reason: 'column_missing', column: 'hour' }]);
    expect((await scorer.score([Object.assign(Object.create(null), GOOD)])).scores).toEqual([plain]);
  });
});
