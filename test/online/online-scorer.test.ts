/** Scores of objects: those of files, bit for bit, while versions and tables change. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScorer } from '../../exports/open-scorer.ts';
import { type ObservedRequest, OnlineScorer } from '../../lib/online/online-scorer.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { items, openShop, type Shop } from './shop.ts';

let shop: Shop;
let version: string;

beforeAll(async () => {
  shop = await openShop();
  version = await shop.promote(1);
  await shop.publishTables('2026-01-01');
});
afterAll(() => shop.remove());

const open = (options = {}) => openScorer(shop.store, 'shop', { refreshSeconds: null, ...options });

/** Candidates whose users and items are in the tables, some of which are not good. */
const CANDIDATES = Array.from({ length: 300 }, (_, row) => ({
  row,
  user_id: row % 45,
  item_id: row % 50 === 7 ? 'nobody' : `i${row % 30}`,
  hour: row % 60 === 9 ? 'noon' : row % 24,
}));

describe('openScorer', () => {
  it('scores and rejects objects as the same rows of a file', async () => {
    const { scores, rejects } = await shop.scoreFile('same', CANDIDATES);
    const scorer = await open();
    const result = await scorer.score(CANDIDATES);
    await scorer.close();
    expect(result.version).toBe(version);
    const scored = result.scores.flatMap((row, index) => (row === null ? [] : { row: BigInt(index), ...row }));
    expect(scored.length).toBeGreaterThan(280);
    expect(scored).toEqual(scores.map((row) => ({ ...row, row: BigInt(String(row.row)) })));
    expect(
      result.rejects.map(({ row, reason, column, value }) => ({ row: BigInt(row), reason, column, value })),
    ).toEqual(rejects);
  });

  it('takes what the rows share once', async () => {
    const scorer = await open();
    const rows = items.map(({ item_id }) => ({ item_id }));
    const shared = { user_id: 3n, hour: 12, likes: ['a', 'b1'], liked: [1, 2] };
    const once = await scorer.score(rows, { shared });
    expect(once.scores).toEqual((await scorer.score(rows.map((row) => ({ ...shared, ...row })))).scores);
    expect(once.scores).not.toContain(null);
    expect(new Set(once.scores.map((row) => row?.pctr)).size).toBeGreaterThan(20);
    await scorer.close();
  });

  it('names the row, the column, what it got and what it expected', async () => {
    const scorer = await open();
    const good = { user_id: 1, item_id: 'i1', hour: 5 };
    const { hour: _, ...noHour } = good;
    const { rejects, scores } = await scorer.score([
      good,
      noHour,
      { ...good, hour: [5] },
      { ...good, hour: Number.POSITIVE_INFINITY },
      { ...good, hour: '5 pm' },
      { ...good, item_id: 'x' },
      { ...good, user_id: 2 ** 60 },
      { ...good, brand: 2 ** 60 },
      { ...good, likes: ['a'] },
      { ...good, likes: ['a'], liked: [1, 2] },
      { ...good, city: { name: 'Bonn' } },
      { user_id: 1, hour: 5 },
      { ...good, hour: 3e38 },
      { ...good, hour: Number.NaN, position: null },
    ]);
    expect(scores.map((row) => row === null)).toEqual([false, ...new Array(12).fill(true), false]);
    expect(rejects).toEqual([
      {
        row: 1,
        reason: 'column_missing',
        column: 'hour',
        value: null,
        expected: 'a value, or null where it is not known',
      },
      { row: 2, reason: 'column_type', column: 'hour', value: '[5]', expected: 'a number' },
      { row: 3, reason: 'number_not_finite', column: 'hour', value: 'Infinity', expected: 'a finite number' },
      {
        row: 4,
        reason: 'number_not_numeric',
        column: 'hour',
        value: '5 pm',
        expected: 'a number (one with a decimal comma needs csv.decimal)',
      },
      {
        row: 5,
        reason: 'unknown_item',
        column: 'item_id',
        value: 'x',
        expected: 'a key of the table features/item/dt=2026-01-01/',
      },
      {
        row: 6,
        reason: 'key_not_exact',
        column: 'user_id',
        value: '1152921504606847000',
        expected: 'an integer or text: neighbouring integers are one floating number',
      },
      {
        row: 7,
        reason: 'integer_not_exact',
        column: 'brand',
        value: '1152921504606847000',
        expected: 'a bigint or a text: neighbouring integers of this size are one floating number',
      },
      {
        row: 8,
        reason: 'column_missing',
        column: 'liked',
        value: null,
        expected: 'a value beside those of likes that are given: a table gives all of them or none',
      },
      { row: 9, reason: 'weights_length', column: 'liked', value: '[1,2]', expected: 'one weight for each value' },
      {
        row: 10,
        reason: 'column_type',
        column: 'city',
        value: '{"name":"Bonn"}',
        expected: 'a text, number, boolean, date or null',
      },
      {
        row: 11,
        reason: 'column_missing',
        column: 'item_id',
        value: null,
        expected: 'a key of the table features/item/dt=2026-01-01/',
      },
      {
        row: 12,
        reason: 'number_not_finite',
        column: 'hour',
        value: '3e+38',
        expected: 'a number that the model can compute with',
      },
    ]);
    await scorer.close();
  });

  it('refuses what is no request', async () => {
    const scorer = await open();
    await expect(scorer.score([{}, null] as never)).rejects.toThrow('rows[1] is null, expected an object of columns');
    await expect(scorer.score('rows' as never)).rejects.toThrow('rows are a string, expected a list of objects');
    await expect(scorer.score([{}], { shared: [] as never })).rejects.toThrow(
      'shared is a list, expected an object of columns',
    );
    await expect(
      scorer.score([
        { hour: 1, Hour: 2, HOUR: 3 },
        { HOUR: 1, Hour: 2 },
      ]),
    ).rejects.toThrow(
      'columns repeated, or different in case only: HOUR, Hour, expected one column hour (in the request)',
    );
    expect(await scorer.score([])).toEqual({ version, scores: [], rejects: [] });
    await scorer.close();
    await expect(scorer.score([])).rejects.toThrow('scorer of shop is closed');
  });

  it('says that no version is current, or that a table is too large', async () => {
    await expect(openScorer(memoryStore(), 'shop')).rejects.toThrow(
      'model shop has no current version (in memory:): train one, or promote one',
    );
    await expect(open({ tableMemoryMiB: 0.001 })).rejects.toThrow(
      /^table is too large to be held in memory: 40 rows need 1 MiB, expected at most 1 MiB \(in features\/user\/dt=2026-01-01\/\)$/,
    );
  });

  it('tells an observer of each request, whose failure is none of the request', async () => {
    const seen: ObservedRequest[] = [];
    const scorer = await open({
      observe(request: ObservedRequest) {
        seen.push(request);
        throw new Error('statistics are down');
      },
    });
    const { scores } = await scorer.score([{ user_id: 1, item_id: 'i1', hour: 5 }, {}]);
    expect(seen).toEqual([]);
    await new Promise(setImmediate);
    expect(seen).toEqual([
      {
        at: expect.any(Date),
        model: 'shop',
        version,
        outputs: Object.fromEntries(
          Object.entries(scores[0] ?? {}).map(([name, value]) => [name, Float32Array.of(value)]),
        ),
        rejected: 1,
      },
    ]);
    await scorer.close();
  });

  it('changes to a promoted version and to a new table while requests are under way', async () => {
    const scorer = await open();
    const rows = items.map(({ item_id }) => ({ user_id: 1, item_id, hour: 5 }));
    expect(await scorer.refresh()).toBe(false);
    const promoted = await shop.promote(2);
    const versions = new Set<string>();
    let isDone = false;
    const refreshed = scorer.refresh().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const { version, rejects } = await scorer.score(rows);
      expect(rejects).toEqual([]);
      versions.add(version);
    }
    expect(await refreshed).toBe(true);
    expect(scorer.version).toBe(promoted);
    expect([...versions]).toContain(version);
    await shop.publishTables('2026-01-02', [{ item_id: 'new', brand: 'x', price: 1 }]);
    expect(await scorer.refresh()).toBe(true);
    const [only, gone] = (await scorer.score([{ user_id: 1, item_id: 'new', hour: 5 }, ...rows])).scores;
    expect([only === null, gone]).toEqual([false, null]);
    await writeFile(join(shop.folder, 'bucket', 'models', 'shop', 'current.json'), '{');
    await expect(scorer.refresh()).rejects.toThrow('current.json of shop');
    expect((await scorer.score([{ user_id: 1, item_id: 'new', hour: 5 }])).scores).toEqual([only]);
    await Promise.all([scorer.score(rows), scorer.close(), scorer.close()]);
  });

  it('looks for newer versions by itself, and says where that fails', async () => {
    const failed = new Promise((resolve) => {
      const options = { refreshSeconds: 0.01, onRefreshError: resolve };
      OnlineScorer.open(shop.store, 'shop', options).then((scorer) => failed.finally(() => scorer.close()), resolve);
    });
    expect(String(await failed)).toContain('current.json of shop');
  });
});
