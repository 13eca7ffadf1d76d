/** The searches of `one-version.test.ts` and `two-versions.test.ts`, where planners score small files in one go. */
import { describe, it } from 'vitest';
import { oneGoWork, planWork, runToReceipts, shardWork } from '../../scoring/world/steps.ts';
import { MODEL, SHARD } from '../../scoring/world/world.ts';
import { ALL_BAD, deadArrivalWork, exploreOne, exploreVersions } from './scenarios.ts';

const BEFORE = [
  { name: 'where none was scored before', isFirst: true },
  { name: 'where an older one was scored', isFirst: false },
] as const;

describe.each(BEFORE)('a small file in one go ends whole, $name, in every schedule of', ({ isFirst }) => {
  it('one planner', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'], isFirst, kills: 2, states: 10 }, async (_, file, files) => [
      oneGoWork(file, files),
    ]);
  });

  it('two planners between which another model is promoted', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'], isFirst }, async (_, file, files) => [
      oneGoWork(file, files),
      oneGoWork(file, files, { ...MODEL, version: 'm2' }),
    ]);
  });

  it('a planner with time and one without', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'], isFirst }, async (_, file, files) => [
      oneGoWork(file, files),
      planWork(file, files),
    ]);
  });

  it('two planners of a file that fails', async () => {
    await exploreOne({ shards: ALL_BAD, ends: ['failed'], isFirst }, async (_, file, files) => [
      oneGoWork(file, files),
      oneGoWork(file, files),
    ]);
  });

  it('a planner and the end of its dead letter', async () => {
    await exploreOne({ shards: SHARD, ends: ['failed', 'succeeded'], isFirst }, async (_, file, files) => [
      oneGoWork(file, files),
      deadArrivalWork(file),
    ]);
  });

  it.each([
    { name: 'two versions', older: SHARD, newer: SHARD, status: 'succeeded' },
    { name: 'a version that fails and a newer one', older: ALL_BAD, newer: SHARD, status: 'succeeded' },
    { name: 'a version and a newer one that fails', older: SHARD, newer: ALL_BAD, status: 'failed' },
  ] as const)('the planners of $name', async ({ older, newer, status }) => {
    await exploreVersions({ older, newer, status, isFirst }, async (_, first, second, files) => [
      oneGoWork(first, files),
      oneGoWork(second, files),
    ]);
  });

  it('the planner of a version and the finisher of a newer one that fails', async () => {
    const settings = { older: SHARD, newer: ALL_BAD, status: 'failed', isFirst } as const;
    await exploreVersions(settings, async (store, first, second, files) => {
      await runToReceipts(store, second, ALL_BAD);
      return [oneGoWork(first, files), shardWork(second, 0, files)];
    });
  });
});
