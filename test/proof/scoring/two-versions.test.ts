/** The searches of `one-version.test.ts`, of processes on two versions of a file. */
import { describe, it } from 'vitest';
import { oneGoWork, planWork, runToReceipts, shardWork } from '../../scoring/world/steps.ts';
import { SHARD, type Shards } from '../../scoring/world/world.ts';
import { ALL_BAD, type BeginTwo, exploreVersions } from './scenarios.ts';

describe('two versions of a file end as the newer one, in every schedule of', () => {
  const cases: { name: string; older: Shards; newer: Shards; status: 'succeeded' | 'failed' }[] = [
    { name: 'two that fail', older: ALL_BAD, newer: ALL_BAD, status: 'failed' },
    { name: 'a newer one that fails', older: SHARD, newer: ALL_BAD, status: 'failed' },
    { name: 'an older one that fails', older: ALL_BAD, newer: SHARD, status: 'succeeded' },
    { name: 'their finishers', older: SHARD, newer: SHARD, status: 'succeeded' },
  ];
  it.each(cases)('$name', async ({ older, newer, status }) => {
    await exploreTwo(older, newer, status, { isOlderPlanned: true });
  });

  it('the planner of the older one and the finisher of the newer one', async () => {
    await exploreTwo(SHARD, SHARD, 'succeeded', { isOlderPlanned: false });
  });

  it('an older one that is planned and scored in one go, and the finisher of the newer one', async () => {
    await exploreTwo(SHARD, SHARD, 'succeeded', { isOlderPlanned: false, plan: oneGoWork });
  });

  async function exploreTwo(
    older: Shards,
    newer: Shards,
    status: 'succeeded' | 'failed',
    { isOlderPlanned, plan = planWork }: { isOlderPlanned: boolean; plan?: typeof planWork },
  ): Promise<void> {
    const begin: BeginTwo = async (store, first, second, files) => {
      if (isOlderPlanned) await runToReceipts(store, first, older);
      await runToReceipts(store, second, newer);
      return [isOlderPlanned ? shardWork(first, 0, files) : plan(first, files), shardWork(second, 0, files)];
    };
    await exploreVersions({ older, newer, status }, begin);
  }
});
