import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shareOfRows } from '../../../lib/compare/runs/share-of-rows.ts';
import { randomStream } from '../../../lib/numbers/random.ts';
import { stageRates } from '../../../lib/training/held-out/stage-rates.ts';
import type { EncodedRows } from '../../../lib/training/rows/encoded-rows.ts';
import type { RowCache } from '../../../lib/training/rows/row-cache.ts';
import { smallBench } from '../fakes.ts';

const small = smallBench();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'share-'));
  await mkdir(folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

const random = randomStream(7, 'share of training rows');
const shared = (share: number) => {
  const { rows, summary } = small.bench();
  return shareOfRows({ ...rows, rates: stageRates(summary) }, { share, random, path: join(folder, `${share}.rows`) });
};

async function clicksOf(cache: RowCache): Promise<number[]> {
  const clicks: number[] = [];
  for await (const { labels } of cache.batches(512)) clicks.push(...(labels.click as Float32Array));
  return clicks;
}

async function itemsOf(encoded: EncodedRows): Promise<number[]> {
  const items: number[] = [];
  for await (const { ids } of encoded.chunks()) items.push(...(ids.item as Int32Array));
  return items;
}

describe('a share of the training rows', () => {
  it('is that of the rows, and a part of a larger one', async () => {
    const { train } = small.bench().rows;
    const all = await clicksOf(train);
    const isTaken = (share: number) => all.filter((_, place) => random.uniform(place) < share);
    for (const share of [0.2, 0.5]) {
      const rows = await shared(share);
      expect(rows.train.rows / train.rows).toBeCloseTo(share, 1);
      expect(await clicksOf(rows.train)).toEqual(isTaken(share));
      const clicks = isTaken(share).reduce((sum, click) => sum + click, 0);
      expect(rows.rates.click).toBeCloseTo(clicks / rows.train.rows, 12);
    }
  });

  it('has those of the clicked rows that are in it, at their places in it', async () => {
    const { train, reached } = small.bench().rows;
    const rows = await shared(0.5);
    const [all, own] = [reached.click?.train, rows.reached.click?.train];
    const taken = [...(all?.places ?? [])].map((place) => random.uniform(place) < 0.5);
    const items = await itemsOf(all?.encoded as EncodedRows);
    expect(await itemsOf(own?.encoded as EncodedRows)).toEqual(items.filter((_, row) => taken[row]));
    const clicks = await clicksOf(rows.train);
    expect([...(own?.places ?? [])]).toEqual([...clicks.keys()].filter((place) => clicks[place] === 1));
    expect(own?.encoded.rows).toBe(own?.places.length);
    expect(rows.reached.click?.validation).toBe(small.bench().rows.reached.click?.validation);
    expect(train.rows).toBeGreaterThan(rows.train.rows);
  });

  it('without a row is told', async () => {
    await expect(shared(1e-9)).rejects.toThrow('no training row is in a share of 1e-9 of 2078, expected more rows');
  });
});
