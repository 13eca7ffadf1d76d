import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Log, Split, Stage } from '../../../lib/config/declaration.ts';
import { resolveSplit } from '../../../lib/config/resolve/resolve-split.ts';
import { describeSplit } from '../../../lib/table/check/split.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { declare, LOG_DEFAULTS, openLog, stage, workplace } from '../fixture.ts';

const place = workplace();
const HASH = { by: 'hash', columns: ['user_id'], validation: 0.25, test: 0.25, seed: 1 } as const;
const NO_FEATURES: Encoder = {
  features: [],
  embeddings: [],
  inputs: [],
  tables: [],
  vocabularies: {},
  columnKinds: {},
};

/** Returns the part of each row: 0 for training, 1 for validation, 2 for test. */
async function partsOf(path: string, split: Split, options: Partial<Log> = {}): Promise<number[]> {
  const log = await openLog(place, path, declare([], { split, log: { ...LOG_DEFAULTS, maxRejected: 1, ...options } }));
  const parts: number[] = [];
  for await (const chunk of encodeLog(place.database, log, NO_FEATURES)) parts.push(...chunk.part);
  return parts;
}

const count = (parts: readonly number[]) => [0, 1, 2].map((part) => parts.filter((each) => each === part).length);

describe('a split by hash', () => {
  it('puts the rows with the lowest hashes into test and the next into validation, as many as Python counts', async () => {
    const { split }: { split: Record<string, number> } = JSON.parse(
      readFileSync(new URL('../reference/hash.json', import.meta.url), 'utf8'),
    );
    const path = await place.write(
      'hash.parquet',
      'SELECT i AS row, 0 AS click, 0 AS conversion FROM range(10000) t(i)',
    );
    const parts = await partsOf(path, { by: 'hash', columns: ['row'], validation: 0.3, test: 0.2, seed: 7 });
    const [test, both] = [split['below0.2'] ?? 0, split['below0.5'] ?? 0];
    expect(count(parts)).toEqual([10_000 - both, both - test, test]);
  });

  it('divides rows without a value one by one', async () => {
    const path = await place.write(
      'nobody.parquet',
      'SELECT i AS row, 0 AS click, 0 AS conversion, CAST(NULL AS VARCHAR) AS user_id FROM range(1000) t(i)',
    );
    const parts = await partsOf(path, { by: 'hash', columns: ['user_id'], validation: 0.25, test: 0.25, seed: 1 });
    for (const [part, expected] of [500, 250, 250].entries())
      expect(Math.abs((count(parts)[part] ?? 0) - expected)).toBeLessThan(60);
  });

  it('of several columns hashes their texts as a cross joins them, each after its length', async () => {
    const path = await place.write(
      'pairs.parquet',
      `SELECT i AS row, 0 AS click, 0 AS conversion, 'u' || i % 40 AS user_id, CASE WHEN i % 2 = 0 THEN i % 50 END AS item
       FROM range(2000) t(i)`,
    );
    const parts = await partsOf(path, { ...HASH, columns: ['user_id', 'item'] });
    const joined = (text: string) => `${Buffer.byteLength(text)}:${text}`;
    for (const row of [0, 1, 2, 3, 52, 1999]) {
      const text = joined(`u${row % 40}`) + (row % 2 === 0 ? joined(String(row % 50)) : '-');
      const share = Number(createHash('md5').update(`1:${text}`).digest().readBigUInt64LE(8)) / 2 ** 64;
      expect(parts[row]).toBe(share < 0.25 ? 2 : share < 0.5 ? 1 : 0);
    }
  });

  it('by default is one of all keys: ids stay known, and rows that repeat their keys stay together', async () => {
    const path = await place.write(
      'default.parquet',
      `SELECT i % 1000 // 20 AS user_id, i % 20 AS item, 0 AS click, 0 AS conversion FROM range(2000) t(i)`,
    );
    const log = { ...LOG_DEFAULTS, keys: ['user_id', 'item'], group: 'user_id' };
    const parts = await partsOf(path, resolveSplit(undefined, log), log);
    expect(parts.slice(0, 1000)).toEqual(parts.slice(1000));
    const trained = [...parts.keys()].filter((row) => parts[row] === 0).map((row) => Math.floor((row % 1000) / 20));
    expect(new Set(trained).size).toBe(50);
    expect(count(parts)[1]).toBeGreaterThan(100);
    expect(count(parts)[2]).toBeGreaterThan(100);
  });

  it('puts rows with the same value into the same part, and depends on the seed', async () => {
    const path = await place.write(
      'users.parquet',
      'SELECT i AS row, 0 AS click, 0 AS conversion, i % 50 AS user_id FROM range(1000) t(i)',
    );
    const by = (seed: number) =>
      partsOf(path, { by: 'hash', columns: ['user_id'], validation: 0.25, test: 0.25, seed });
    const [one, two] = [await by(1), await by(2)];
    expect(one.every((part, row) => part === one[row % 50])).toBe(true);
    expect(one).not.toEqual(two);
  });
});

describe('a split by time', () => {
  const write = (name: string, ts: string) =>
    place.write(name, `SELECT i AS row, 0 AS click, 0 AS conversion, ${ts} AS ts FROM range(1000) t(i)`);
  // Instants in random order: row i is at second i * 7919 % 1000.
  const shuffled = "TIMESTAMP '2026-05-01' + to_seconds(i * 7919 % 1000)";

  it('has exact shares of the rows in order of time', async () => {
    const path = await write('shares.parquet', shuffled);
    const parts = await partsOf(
      path,
      { by: 'time', validation: { share: 0.1 }, test: { share: 0.25 } },
      { time: 'ts' },
    );
    expect(parts).toEqual(
      Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 1000 >= 750 ? 2 : (i * 7919) % 1000 >= 650 ? 1 : 0)),
    );
  });

  it('puts rows of the same instant into the same part, the later one', async () => {
    const path = await write('ties.parquet', "TIMESTAMP '2026-05-01' + to_seconds(i // 300)");
    expect(
      count(await partsOf(path, { by: 'time', validation: { share: 0.3 }, test: { share: 0.2 } }, { time: 'ts' })),
    ).toEqual([300, 300, 400]);
  });

  it('may begin at given instants, together with a share as well', async () => {
    const path = await write('instants.csv', shuffled);
    const second = (seconds: number) => Date.UTC(2026, 4, 1) + seconds * 1000;
    const instants: Split = { by: 'time', validation: { from: second(500) }, test: { from: second(900) } };
    expect(count(await partsOf(path, instants, { time: 'ts' }))).toEqual([500, 400, 100]);
    const mixed: Split = { by: 'time', validation: { share: 0.2 }, test: { from: second(900) } };
    expect(count(await partsOf(path, mixed, { time: 'ts' }))).toEqual([700, 200, 100]);
  });

  it('counts good rows only', async () => {
    const path = await place.write(
      'good.parquet',
      `SELECT i AS row, CASE WHEN i % 2 = 0 THEN 0 ELSE 9 END AS click, 0 AS conversion, ${shuffled} AS ts FROM range(1000) t(i)`,
    );
    expect(
      count(await partsOf(path, { by: 'time', validation: { share: 0.1 }, test: { share: 0.2 } }, { time: 'ts' })),
    ).toEqual([350, 50, 100]);
  });

  it('has shares of the rows whose conversions are final', async () => {
    // Four rows a day for 25 days, the last one on day 24: those of days 18 to 24 are younger than 7 days.
    const path = await place.write(
      'settled.parquet',
      `SELECT i AS row, i % 2 AS click, 0 AS conversion, TIMESTAMP '2026-05-01' + to_hours(i * 6) AS ts FROM range(100) t(i)`,
    );
    const split: Split = { by: 'time', validation: { share: 0.1 }, test: { share: 0.1 } };
    const week = stage('conversion', ['click'], { withinMs: 7 * 86_400_000 });
    const options = { split, log: { ...LOG_DEFAULTS, time: 'ts' } };
    const rowsOf = async (stages: readonly Stage[]) => {
      const log = await openLog(place, path, declare([], { ...options, stages }));
      const known = [0, 0, 0];
      const parts: number[] = [];
      for await (const chunk of encodeLog(place.database, log, NO_FEATURES)) {
        parts.push(...chunk.part);
        for (const [row, part] of chunk.part.entries())
          if (chunk.labels.conversion?.[row] !== -1) known[part] = (known[part] ?? 0) + 1;
      }
      return { parts: count(parts), known };
    };
    // The last instant is 99 * 6 h: the 72 rows up to row 71 are final, and seven of them are a tenth.
    const click = stage('click', ['impression']);
    expect(await rowsOf([click, week])).toEqual({ parts: [58, 7, 35], known: [58, 7, 7] });
    // If no row is final, all rows count.
    const month = { ...week, withinMs: 30 * 86_400_000 };
    expect(await rowsOf([click, month])).toEqual({ parts: [80, 10, 10], known: [0, 0, 0] });
  });

  it('may have no validation part', async () => {
    const path = await write('none.parquet', shuffled);
    expect(
      count(await partsOf(path, { by: 'time', validation: { share: 0 }, test: { share: 0.2 } }, { time: 'ts' })),
    ).toEqual([800, 0, 200]);
  });
});

describe('a split by column', () => {
  it('compares integers by their text', async () => {
    const path = await place.write(
      'column.parquet',
      'SELECT i AS row, 0 AS click, 0 AS conversion, i % 4 AS fold FROM range(8) t(i)',
    );
    const parts = await partsOf(path, {
      by: 'column',
      column: 'fold',
      train: ['0', '1'],
      validation: ['2'],
      test: ['3'],
    });
    expect(parts).toEqual([0, 0, 1, 2, 0, 0, 1, 2]);
  });

  it.each(['flag.parquet', 'flag.csv'])('takes booleans in any spelling: %s', async (name) => {
    const flag = name.endsWith('.csv') ? "['True', 'False'][1 + i % 2]" : 'i % 2 = 0';
    const path = await place.write(
      name,
      `SELECT i AS row, 0 AS click, 0 AS conversion, ${flag} AS held_out FROM range(4) t(i)`,
    );
    const split: Split = { by: 'column', column: 'held_out', train: ['False'], validation: [], test: ['true'] };
    expect(await partsOf(path, split)).toEqual([2, 0, 2, 0]);
  });
});

describe('a split as text', () => {
  it.each<[Split, string]>([
    [HASH, 'split by the hash of user_id: 25% validation, 25% test'],
    [
      { ...HASH, columns: ['a', 'b'], isDefault: true },
      'split by the hash of a, b: 25% validation, 25% test (neither a split nor log.time is declared)',
    ],
    [
      { by: 'time', validation: { share: 0.1 }, test: { from: Date.UTC(2026, 4, 8) } },
      'split by time: 10% validation, test from 2026-05-08 00:00 UTC',
    ],
    [
      { by: 'time', validation: { share: 0.1 }, test: { share: 0.1 }, isDefault: true },
      'split by time: 10% validation, 10% test (no split is declared, log.time is)',
    ],
    [
      { by: 'column', column: 'part', train: ['a', 'b'], validation: [], test: ['c'] },
      'split by the values of part: train a, b; validation none; test c',
    ],
  ])('%o', (split, text) => expect(describeSplit(split)).toBe(text));
});
