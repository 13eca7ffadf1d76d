/** Tests of a file, in whose way lie the scores of an older version, scored in local mode with faults in the calls on the store. */
import { describe, expect, it } from 'vitest';
import { outcomeKey } from '../../../lib/contract/bucket.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { findLocalFiles } from '../../../lib/scoring/local/local-files.ts';
import { sequencerAt } from '../../../lib/scoring/protocol/events.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import type { CandidateFiles } from '../../../lib/scoring/protocol/ports.ts';
import { checkFolder, checkShown, checkWhole } from './invariants.ts';
import { type Fault, type Faults, type LocalOutcome, runLocal } from './local-run.ts';
import { randomOf } from './random.ts';
import {
  copyOf,
  fakeFiles,
  KEY,
  type MemoryStore,
  memoryStore,
  RANKED,
  SHARD,
  type Shards,
  scratch,
  TWO_SHARDS,
} from './world.ts';

const OLDER = new Date('2026-01-01T00:00:00Z');
const NEWER = new Date('2026-01-02T00:00:00Z');
const FAULTS: readonly Fault[] = ['refused', 'answer lost', 'repeated by the client', 'handler killed', 'run killed'];

const start = olderScored();

/** How a file is scored. */
export interface Way {
  readonly name: string;
  readonly shards: Shards;
  readonly options: Parameters<typeof runLocal>[2];
}

export const SHARD_BY_SHARD: Way = { name: 'shard by shard', shards: TWO_SHARDS, options: {} };
export const IN_ONE_GO: Way = {
  name: 'in one go',
  shards: SHARD,
  options: {
    handlers: {
      planShards: (dependencies) =>
        planShardsHandler({ ...dependencies, inOneGo: { files: filesOf(SHARD), scratch, hasTime: () => true } }),
      scoreShard: scoreShardHandler,
    },
  },
};

export const RANKED_SHARDS: Way = {
  name: 'with ranks',
  shards: TWO_SHARDS,
  options: { models: { current: async () => RANKED } },
};
export const RANKED_IN_ONE_GO: Way = {
  ...IN_ONE_GO,
  name: 'with ranks in one go',
  options: { ...IN_ONE_GO.options, ...RANKED_SHARDS.options },
};

/** Defines the tests of a fault in each call. */
export function describeFaults(ways: readonly Way[]): void {
  describe.each(ways)('the file ends whole, once, and a further run changes nothing, $name, where', (way) => {
    it.each(FAULTS)('one call is %s, whichever it is', async (fault) => {
      const { calls } = await run(way, await copyOf(await start));
      for (let unlucky = 0; unlucky < calls; unlucky++) {
        const store = await copyOf(await start);
        const { results } = await run(way, store, (call) => (call === unlucky ? fault : null));
        expect(results, `call ${unlucky}`).toMatchObject([{ status: 'succeeded', key: KEY }]);
        await checkEnd(way, store);
        expect(store.versions(outcomeKey((await newerFile(store)).source))).toHaveLength(1);
      }
    });
  });
}

/** Defines the tests of faults at random, from each of the seeds. */
export function describeRandomFaults(ways: readonly Way[], seeds: readonly number[]): void {
  describe.each(ways)('the file ends whole, once, and a further run changes nothing, $name, where', (way) => {
    it.each(seeds.map((seed) => ({ seed })))('calls fail at random, seed $seed', async ({ seed }) => {
      const random = randomOf(seed);
      const store = await copyOf(await start);
      const faults = () => (random() < 0.1 ? (FAULTS[Math.floor(random() * 5)] ?? null) : null);
      const [result] = (await run(way, store, faults)).results;
      if (result?.status === 'failed') {
        // Too many faults on one message.
        expect(result.failure.reason).toBe('retries_exhausted');
        checkShown(store, (await newerFile(store)).source, 'failed');
        await run(way, store, () => null, { again: 'failed' });
      }
      await checkEnd(way, store);
    });
  });
}

async function checkEnd(way: Way, store: MemoryStore): Promise<void> {
  checkWhole(store, await newerFile(store), way.shards);
  const { results, changes } = await run(way, store);
  expect(results).toMatchObject([{ status: 'succeeded' }]);
  expect(changes).toEqual([]);
}

function run(
  { shards, options }: Way,
  store: MemoryStore,
  faults?: Faults,
  more: Parameters<typeof runLocal>[2] = {},
): Promise<LocalOutcome> {
  const world = { store, files: filesOf(shards), atEveryInstant: checkFolder };
  return runLocal(world, faults, { now: () => NEWER, ...options, ...more });
}

/** The calls that change the store, in their order. */
export async function changesOf(way: Way): Promise<string[]> {
  const { changes } = await run(way, await copyOf(await start));
  return changes.map((change) =>
    change.replaceAll(/[0-9a-f]{16,}/g, '<hash>').replaceAll(/part-[0-9a-f]{8}/g, 'part-<hash>'),
  );
}

function filesOf(newer: Shards): CandidateFiles {
  return fakeFiles(({ sequencer }) => (sequencer === sequencerAt(OLDER) ? SHARD : newer));
}

async function olderScored(): Promise<MemoryStore> {
  const store = memoryStore();
  await store.put(KEY, 'older');
  await runLocal({ store, files: filesOf(SHARD) }, () => null, { now: () => OLDER });
  await store.put(KEY, 'newer');
  return store;
}

async function newerFile(store: MemoryStore): Promise<FileVersion> {
  const [found] = (await findLocalFiles(store, [KEY], { now: NEWER })).files;
  if (found === undefined) throw new Error(`${KEY} is not there`);
  return found.file;
}
