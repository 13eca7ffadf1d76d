/**
 * Two processes on one version of a file, in every order of their calls on the store. The search is exhaustive: it has
 * no bound on how often the processes take turns. In each schedule one process is killed once, at every place where that
 * matters, and its message handled again. The shorter searches come first.
 */
import { describe, it } from 'vitest';
import { oneGoWork, planWork, runToPlan, runToReceipts, shardWork } from '../../scoring/world/steps.ts';
import { fakeFiles, MODEL, RANKED, SHARD, TWO_SHARDS } from '../../scoring/world/world.ts';
import { ALL_BAD, deadLetterWork, exploreOne } from './scenarios.ts';

describe('one version of a file, where an older one was scored, ends whole in every schedule of', () => {
  it('two planners between which another model is promoted', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (_, file, files) => [
      planWork(file, files),
      planWork(file, files, { ...MODEL, version: 'm2' }),
    ]);
  });

  it('two finishers of a file that fails', async () => {
    await exploreOne({ shards: ALL_BAD, ends: ['failed'] }, async (store, file, files) => {
      await runToReceipts(store, file, ALL_BAD);
      return [shardWork(file, 0, files), shardWork(file, 0, files)];
    });
  });

  it('a planner and the scorer of the last shard', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (store, file, files) => {
      await runToPlan(store, file, SHARD);
      return [planWork(file, files), shardWork(file, 0, files)];
    });
  });

  it('a planner and the finisher', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (store, file, files) => {
      await runToReceipts(store, file, SHARD);
      return [planWork(file, files), shardWork(file, 0, files)];
    });
  });

  it('two planners of a file without rows', async () => {
    await exploreOne({ shards: [], ends: ['succeeded'] }, async (_, file, files) => [
      planWork(file, files),
      planWork(file, files),
    ]);
  });

  it('one that goes on with a plan, and the scorer of its only shard', async () => {
    const settings = { shards: SHARD, ends: ['succeeded'] } as const;
    await exploreOne(settings, async (store, file, files) => {
      await runToPlan(store, file, SHARD);
      return [oneGoWork(file, files), shardWork(file, 0, files)];
    });
  });

  it('the finisher and the end of a dead letter', async () => {
    await exploreOne({ shards: SHARD, ends: ['failed', 'succeeded'] }, async (store, file, files) => {
      await runToReceipts(store, file, SHARD);
      return [shardWork(file, 0, files), deadLetterWork(file)];
    });
  });

  it('two finishers', async () => {
    await exploreOne({ shards: TWO_SHARDS, ends: ['succeeded'] }, async (store, file, files) => {
      await runToReceipts(store, file, TWO_SHARDS);
      return [shardWork(file, 0, files), shardWork(file, 1, files)];
    });
  });

  it('two finishers that rank the scores', async () => {
    await exploreOne({ shards: TWO_SHARDS, ends: ['succeeded'] }, async (store, file, files) => {
      await runToReceipts(store, file, TWO_SHARDS, RANKED);
      return [shardWork(file, 0, files), shardWork(file, 1, fakeFiles(TWO_SHARDS, ' on another processor'))];
    });
  });

  it('a planner and the finisher that ranks the scores', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (store, file, files) => {
      await runToReceipts(store, file, SHARD, RANKED);
      return [planWork(file, files), shardWork(file, 0, files)];
    });
  });

  it('the scorers of both shards', async () => {
    const settings = { shards: TWO_SHARDS, ends: ['succeeded'] } as const;
    await exploreOne(settings, async (store, file, files) => {
      await runToPlan(store, file, TWO_SHARDS);
      return [shardWork(file, 0, files), shardWork(file, 1, files)];
    });
  });

  it('two deliveries of the only shard, to processors that differ in the last bits', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (store, file, files) => {
      await runToPlan(store, file, SHARD);
      return [shardWork(file, 0, files), shardWork(file, 0, fakeFiles(SHARD, ' on another processor'))];
    });
  });
});
