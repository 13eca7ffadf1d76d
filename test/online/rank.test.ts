/** The declared ranks of objects: those of files. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScorer } from '../../exports/open-scorer.ts';
import type { OnlineScorer } from '../../lib/online/online-scorer.ts';
import { OnlineService } from '../../lib/online/service.ts';
import { openShop, type Shop } from './shop.ts';

const CANDIDATES = Array.from({ length: 300 }, (_, row) => ({
  row,
  user_id: row % 45,
  item_id: row % 50 === 7 ? 'nobody' : `i${row % 30}`,
  hour: row % 24,
  bonus: row % 40 === 11 ? 0 : (row % 5) + 0.5,
  // One value in several writings, and values that stand for none.
  list: ['top', ' top', 'side', '7', '007', '7.0', '', 'NA', 'side '][row % 9],
  page: row % 2,
}));

let shop: Shop;
let scorer: OnlineScorer;
let version: string;

async function open(rank: string): Promise<void> {
  shop = await openShop(
    `scoring:
  score: round_free / bonus
  rank: ${rank}
  max_rejected: 1
`.replace('round_free', 'if(pctcvr > 0, 3, 2)'),
  );
  version = await shop.promote(1);
  await shop.publishTables('2026-01-01');
  scorer = await openScorer(shop.store, 'shop', { refreshSeconds: null });
}

/** Ranks and rejects of the same rows of a file, in its order. */
async function ofFile() {
  const { scores, rejects } = await shop.scoreFile('ranked', CANDIDATES);
  return {
    ranks: scores.map(({ row, rank }) => [Number(row), Number(rank)]),
    rejects: rejects.map((reject) => ({ ...reject, row: Number(reject.row) })),
  };
}

const inOrder = (ranking: readonly { readonly row: number; readonly rank: number }[]) =>
  ranking.map(({ row, rank }) => [row, rank]).toSorted(([a = 0], [b = 0]) => a - b);

describe('ranks within declared groups', () => {
  beforeAll(() => open('{ by: score, within: [list, page], top: 4 }'));
  afterAll(async () => {
    await scorer.close();
    await shop.remove();
  });

  it('are those of files, as are the rows that are kept and rejected', async () => {
    const { ranks, rejects } = await ofFile();
    const ranked = await scorer.rank(CANDIDATES);
    expect(ranked.version).toBe(version);
    // Few scores are different, so that the order of the rows decides often.
    expect(ranks.length).toBe(3 * 2 * 4);
    expect(inOrder(ranked.ranking)).toEqual(ranks);
    // An empty field of CSV is no text.
    expect(ranked.rejects.map(({ expected, value, ...rest }) => ({ ...rest, value: value || null }))).toEqual(rejects);
    expect(new Set(ranked.rejects.map(({ reason }) => reason))).toEqual(
      new Set(['rank_group_missing', 'score_division_by_zero', 'unknown_item']),
    );
    expect(ranked.scored + ranked.rejects.length).toBe(CANDIDATES.length);
  });

  it('lists group by group, the best first, with the scores', async () => {
    const rows = [4, 2, 9, 1].map((bonus, i) => ({
      user_id: 1,
      item_id: `i${i}`,
      hour: 3,
      bonus,
      list: 'a',
      page: i % 2,
    }));
    const { ranking } = await scorer.rank(rows);
    expect(ranking.map(({ row, rank }) => [row, rank])).toEqual([
      [0, 1],
      [2, 2],
      [3, 1],
      [1, 2],
    ]);
    const { scores } = await scorer.score(rows);
    expect(ranking.map(({ row, rank, ...own }) => own)).toEqual([0, 2, 3, 1].map((row) => scores[row]));
  });

  it('take another output and another number of rows from a request', async () => {
    const good = CANDIDATES.filter(({ item_id, list }) => item_id !== 'nobody' && list !== '' && list !== 'NA');
    const all = await scorer.rank(good, { by: 'pctr', top: null });
    expect(all.ranking.length).toBe(all.scored);
    const best = all.ranking.filter(({ rank }) => rank === 1);
    expect((await scorer.rank(good, { by: 'pctr', top: 1 })).ranking).toEqual(best);
    expect(best.length).toBe(3 * 2);
    for (const { rank, row } of all.ranking) {
      const group = all.ranking.filter((other) => other.row !== row && other.rank === rank);
      expect(group.length).toBeLessThan(6);
    }
  });

  it('take a group that the rows share, and reject rows without one', async () => {
    const rows = Array.from({ length: 6 }, (_, i) => ({ item_id: `i${i}`, bonus: i + 1 }));
    const shared = { user_id: 1, hour: 3, list: 'a', page: 1n };
    expect((await scorer.rank(rows, { shared })).ranking.map(({ row }) => row)).toEqual([0, 1, 2, 3]);
    const { page: _, ...without } = shared;
    const [first] = (await scorer.rank(rows, { shared: without })).rejects;
    expect(first).toEqual({
      row: 0,
      reason: 'column_missing',
      column: 'page',
      value: null,
      expected: 'a value: rows are ranked within it',
    });
    // Scores alone need no groups.
    expect((await scorer.score(rows, { shared: without })).rejects).toEqual([]);
    const { rejects } = await scorer.rank([
      { ...shared, ...rows[0], list: ['a'] },
      { ...shared, ...rows[0], page: Number.NaN },
    ]);
    expect(rejects.map(({ reason, column, value }) => [reason, column, value])).toEqual([
      ['column_type', 'list', '["a"]'],
      ['rank_group_missing', 'page', 'NaN'],
    ]);
  });

  it('are refused by what is no output, or for no number of rows', async () => {
    await expect(scorer.rank([], { by: 'price' })).rejects.toThrow(
      'by got price, expected one of pctr, pcvr, pctcvr, score',
    );
    for (const top of [0, 1.5, Number.NaN])
      await expect(scorer.rank([], { top })).rejects.toThrow(
        `top got ${top}, expected a whole number of at least 1, or null for all`,
      );
    expect(await scorer.rank([])).toEqual({ version, scored: 0, ranking: [], rejects: [] });
  });
});

describe('ranks of a request without groups', () => {
  beforeAll(() => open('{ by: score }'));
  afterAll(async () => {
    await scorer.close();
    await shop.remove();
  });

  it('are those of files, over HTTP too', async () => {
    const { ranks } = await ofFile();
    const service = new OnlineService(scorer);
    const rank = async (request: object) => {
      const body = JSON.stringify({ rows: CANDIDATES, ...request });
      const response = await service.respond({ method: 'POST', path: '/rank', body });
      return JSON.parse(response.body) as Awaited<ReturnType<OnlineScorer['rank']>>;
    };
    expect(inOrder((await rank({})).ranking)).toEqual(ranks);
    const { ranking, scored } = await rank({ top: 3 });
    expect([ranking.map((row) => row.rank), scored]).toEqual([[1, 2, 3], ranks.length]);
    expect((await rank({ by: 'pctr', top: null })).ranking.length).toBe(ranks.length);
  });
});
