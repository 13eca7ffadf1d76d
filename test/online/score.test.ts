/** The declared expression and ranks of objects: those of files, bit for bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnlineScorer } from '../../lib/online/online-scorer.ts';
import { items, openShop, type Shop } from './shop.ts';

/** `price` is a feature and `stock` is none, both from the items' table; `bonus` and `margin` are in the rows. */
const SCORING = `scoring:
  score: pctcvr * price / stock + log(bonus) - coalesce(margin, pctr)
  rank: { by: score }
  max_rejected: 1
`;

let shop: Shop;
let scorer: OnlineScorer;

beforeAll(async () => {
  shop = await openShop(SCORING);
  await shop.promote(1);
  await shop.publishTables(
    '2026-01-01',
    items.map((item, i) => ({ ...item, stock: i % 10 === 3 ? '' : i % 7 })),
  );
  scorer = await OnlineScorer.open(shop.store, 'shop', { refreshSeconds: null });
});
afterAll(async () => {
  await scorer.close();
  await shop.remove();
});

const BONUS = [1, 0.1, '', 2.5, 0, 3e-7, -1, 'much', 'Infinity', '1e300'];
const CANDIDATES = Array.from({ length: 300 }, (_, row) => ({
  row,
  user_id: row % 45,
  item_id: row % 50 === 7 ? 'nobody' : `i${row % 30}`,
  hour: row % 24,
  bonus: row % 4 === 0 ? BONUS[(row / 4) % BONUS.length] : (row % 11) + 0.1,
  margin: row % 3 === 0 ? '' : row / 7,
}));

describe('the declared score', () => {
  it('of objects is that of the same rows of a file, as are the rows without one', async () => {
    const { scores, rejects } = await shop.scoreFile('scored', CANDIDATES);
    const result = await scorer.score(CANDIDATES);
    const scored = result.scores.flatMap((row, index) => (row === null ? [] : { row: BigInt(index), ...row }));
    expect(scored.length).toBeGreaterThan(150);
    expect(scored).toEqual(scores.map(({ rank, ...row }) => ({ ...row, row: BigInt(String(row.row)) })));
    const rejected = result.rejects.map(({ row, reason, column, value }) => ({
      row: BigInt(row),
      reason,
      column,
      value,
    }));
    expect(rejected).toEqual(rejects);
    expect([...new Set(rejected.map(({ reason }) => reason))].sort()).toEqual([
      'number_not_finite',
      'number_not_numeric',
      'score_division_by_zero',
      'score_operand_missing',
      'score_out_of_domain',
      'unknown_item',
    ]);
  });

  it('reads what the rows share, and any number', async () => {
    const good = { user_id: 1, item_id: 'i1', hour: 5, bonus: 2, margin: 0.5 };
    const { bonus, margin, ...rest } = good;
    const [whole] = (await scorer.score([good])).scores;
    // By themselves: the last bits of an output depend on how many rows are computed together.
    for (const row of [
      { ...good, bonus: 2n },
      { ...good, bonus: ' 2.0 ' },
    ])
      expect((await scorer.score([row])).scores).toEqual([whole]);
    expect((await scorer.score([{ ...rest, margin }], { shared: { bonus } })).scores).toEqual([whole]);
    const { scores } = await scorer.score([{ ...good, stock: 1, price: true }]);
    const { pctcvr = Number.NaN, score } = scores[0] ?? {};
    expect(score).toBe((pctcvr * 1) / 1 + Math.log(2) - 0.5);
  });

  it('is refused for what is no number, with the column and what it got', async () => {
    const good = { user_id: 1, item_id: 'i1', hour: 5, bonus: 2, margin: 0.5 };
    const { bonus: _, ...without } = good;
    const { rejects } = await scorer.score([
      without,
      { ...good, bonus: [2] },
      { ...good, bonus: new Date(0) },
      { ...good, bonus: Number.NaN },
      { ...good, bonus: 1e300, stock: 1e-300, price: 1e30 },
    ]);
    expect(rejects).toEqual([
      {
        row: 0,
        reason: 'column_missing',
        column: 'bonus',
        value: null,
        expected: 'a value, or null where it is not known',
      },
      { row: 1, reason: 'column_type', column: 'bonus', value: '[2]', expected: 'a number' },
      { row: 2, reason: 'column_type', column: 'bonus', value: '"1970-01-01T00:00:00.000Z"', expected: 'a number' },
      {
        row: 3,
        reason: 'score_operand_missing',
        column: 'bonus',
        value: null,
        expected: 'a value, or coalesce(column, 0) in scoring.score',
      },
      {
        row: 4,
        reason: 'score_overflow',
        column: 'score',
        value: expect.stringMatching(/ \/ 1e-300$/),
        expected: 'a result that a double can hold',
      },
    ]);
  });
});
