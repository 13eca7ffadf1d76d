/** A file, in whose way lie the scores of an older version, scored in local mode with faults in the calls on the store. */
import { describe, expect, it } from 'vitest';
import { sequencerAt } from '../../lib/scoring/events.ts';
import { type FileVersion, outcomeKey } from '../../lib/scoring/identity.ts';
import { findLocalFiles } from '../../lib/scoring/local-files.ts';
import { checkFolder, checkShown, checkWhole } from './proof/invariants.ts';
import { type Fault, type Faults, type LocalOutcome, runLocal } from './proof/local-run.ts';
import { copyOf, fakeFiles, KEY, type MemoryStore, memoryStore, SHARD, TWO_SHARDS } from './proof/world.ts';

const OLDER = new Date('2026-01-01T00:00:00Z');
const NEWER = new Date('2026-01-02T00:00:00Z');
const FAULTS: readonly Fault[] = ['refused', 'answer lost', 'repeated by the client', 'handler killed', 'run killed'];

const files = fakeFiles(({ sequencer }) => (sequencer === sequencerAt(OLDER) ? SHARD : TWO_SHARDS));
const start = olderScored();

it('changes the store in the order of the protocol', async () => {
  const { changes } = await run(await copyOf(await start));
  expect(
    changes.map((change) =>
      change.replaceAll(/[0-9a-f]{16,}/g, '<hash>').replaceAll(/part-[0-9a-f]{8}/g, 'part-<hash>'),
    ),
  ).toEqual([
    'put _work/<hash>/plan.json',
    'putFile rejects/day=1/today.parquet/part-<hash>-00000.parquet',
    'putFile _work/<hash>/parts/00000.parquet',
    'put _work/<hash>/receipts/00000.json',
    'putFile _work/<hash>/parts/00001.parquet',
    'put _work/<hash>/receipts/00001.json',
    'put _work/<hash>/outcome.json',
    'put _state/<hash>.json',
    'delete scores/day=1/today.parquet/_SUCCESS',
    'copy scores/day=1/today.parquet/part-<hash>-00000.parquet',
    'copy scores/day=1/today.parquet/part-<hash>-00001.parquet',
    'put scores/day=1/today.parquet/_manifest.json',
    'delete scores/day=1/today.parquet/part-<hash>-00000.parquet',
    'put scores/day=1/today.parquet/_SUCCESS',
  ]);
});

describe('the file ends whole, once, and a further run changes nothing, where', () => {
  it.each(FAULTS)('one call is %s, whichever it is', async (fault) => {
    const { calls } = await run(await copyOf(await start));
    for (let unlucky = 0; unlucky < calls; unlucky++) {
      const store = await copyOf(await start);
      const { results } = await run(store, (call) => (call === unlucky ? fault : null));
      expect(results, `call ${unlucky}`).toMatchObject([{ status: 'succeeded', key: KEY }]);
      await checkEnd(store);
      expect(store.versions(outcomeKey((await newerFile(store)).source))).toHaveLength(1);
    }
  });

  it.each(Array.from({ length: 20 }, (_, seed) => ({ seed })))('calls fail at random, seed $seed', async ({ seed }) => {
    const random = randomOf(seed);
    const store = await copyOf(await start);
    const [result] = (await run(store, () => (random() < 0.1 ? (FAULTS[Math.floor(random() * 5)] ?? null) : null)))
      .results;
    if (result?.status === 'failed') {
      // Too many faults on one message.
      expect(result.failure.reason).toBe('retries_exhausted');
      checkShown(store, (await newerFile(store)).source, 'failed');
      await run(store, () => null, { again: 'failed' });
    }
    await checkEnd(store);
  });
});

async function checkEnd(store: MemoryStore): Promise<void> {
  checkWhole(store, await newerFile(store), TWO_SHARDS);
  const { results, changes } = await run(store);
  expect(results).toMatchObject([{ status: 'succeeded' }]);
  expect(changes).toEqual([]);
}

function run(store: MemoryStore, faults?: Faults, options: Parameters<typeof runLocal>[2] = {}): Promise<LocalOutcome> {
  return runLocal({ store, files, atEveryInstant: checkFolder }, faults, { now: () => NEWER, ...options });
}

async function olderScored(): Promise<MemoryStore> {
  const store = memoryStore();
  await store.put(KEY, 'older');
  await runLocal({ store, files }, () => null, { now: () => OLDER });
  await store.put(KEY, 'newer');
  return store;
}

async function newerFile(store: MemoryStore): Promise<FileVersion> {
  const [found] = await findLocalFiles(store, [KEY], NEWER);
  if (found === undefined) throw new Error(`${KEY} is not there`);
  return found.file;
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
