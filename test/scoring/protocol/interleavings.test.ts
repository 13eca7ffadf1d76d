/** A small part of the search that `npm run test:proof` makes through the schedules of two processes on a file. */
import { describe, it } from 'vitest';
import { ALL_BAD, exploreOne } from '../../proof/scoring/scenarios.ts';
import { oneGoWork, planWork, runToReceipts, shardWork } from '../world/steps.ts';
import { SHARD } from '../world/world.ts';

describe('a file ends whole in every schedule of', () => {
  it('two planners that only plan', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (_, file, files) => [
      planWork(file, files),
      planWork(file, files),
    ]);
  });

  it('two finishers of a file that fails', async () => {
    await exploreOne({ shards: ALL_BAD, ends: ['failed'] }, async (store, file, files) => {
      await runToReceipts(store, file, ALL_BAD);
      return [shardWork(file, 0, files), shardWork(file, 0, files)];
    });
  });

  it('a planner that scores in one go, killed twice', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'], kills: 2, states: 10 }, async (_, file, files) => [
      oneGoWork(file, files),
    ]);
  });
});
