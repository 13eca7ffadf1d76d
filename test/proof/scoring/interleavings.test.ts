/**
 * Two processes on one file, or on two versions of it, in every order of their calls on the store. The search is
 * exhaustive: it has no bound on how often the processes take turns. In each schedule one process is killed once, at
 * every place where that matters, and its message handled again.
 */
import { describe, expect, it } from 'vitest';
import { arrivalBody } from '../../../lib/scoring/protocol/events.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';
import { type DeadLetter, failDeadLetters } from '../../../lib/scoring/protocol/reconcile.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import { checkFolder, checkShown, checkWhole, outcomeOf, see } from '../../scoring/world/invariants.ts';
import {
  directTools,
  drain,
  oneGoWork,
  planWork,
  runToPlan,
  runToReceipts,
  runWhole,
  shardWork,
} from '../../scoring/world/steps.ts';
import { fakeFiles, MODEL, putCandidate, SHARD, type Shards, TWO_SHARDS } from '../../scoring/world/world.ts';
import type { Work } from './automaton.ts';
import { explore } from './explore.ts';
import { ALL_BAD, type BeginTwo, exploreOne, exploreVersions } from './scenarios.ts';

const BEFORE = [
  { name: 'where an older one was scored', isFirst: false },
  { name: 'where none was scored before', isFirst: true },
] as const;

describe('one version of a file, where an older one was scored, ends whole in every schedule of', () => {
  it('two planners between which another model is promoted', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (_, file, files) => [
      planWork(file, files),
      planWork(file, files, { ...MODEL, version: 'm2' }),
    ]);
  });

  it('two deliveries of the only shard', async () => {
    await exploreOne({ shards: SHARD, ends: ['succeeded'] }, async (store, file, files) => {
      await runToPlan(store, file, SHARD);
      return [shardWork(file, 0, files), shardWork(file, 0, files)];
    });
  });

  it('the scorers of both shards', async () => {
    const settings = { shards: TWO_SHARDS, ends: ['succeeded'] } as const;
    await exploreOne(settings, async (store, file, files) => {
      await runToPlan(store, file, TWO_SHARDS);
      return [shardWork(file, 0, files), shardWork(file, 1, files)];
    });
  });

  it('two finishers', async () => {
    await exploreOne({ shards: TWO_SHARDS, ends: ['succeeded'] }, async (store, file, files) => {
      await runToReceipts(store, file, TWO_SHARDS);
      return [shardWork(file, 0, files), shardWork(file, 1, files)];
    });
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
});

describe('two versions of a file end as the newer one, in every schedule of', () => {
  const cases: { name: string; older: Shards; newer: Shards; status: 'succeeded' | 'failed' }[] = [
    { name: 'their finishers', older: SHARD, newer: SHARD, status: 'succeeded' },
    { name: 'an older one that fails', older: ALL_BAD, newer: SHARD, status: 'succeeded' },
    { name: 'a newer one that fails', older: SHARD, newer: ALL_BAD, status: 'failed' },
    { name: 'two that fail', older: ALL_BAD, newer: ALL_BAD, status: 'failed' },
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

describe('a file that is reopened while it fails', () => {
  it('is open or failed, and succeeds when it is tried again, in every schedule', async () => {
    let file: FileVersion;
    const endings = new Set<string>();
    await explore({
      kills: 1,
      async setUp(store) {
        await runWhole(store, await putCandidate(store, 1), SHARD);
        file = await putCandidate(store, 2);
        await runToPlan(store, file, SHARD);
        return [deadLetterWork(file), (tools) => redriveFile({ ...tools, arrivals: tools.shards }, file.source)];
      },
      atEveryInstant: checkFolder,
      async atTheEnd(store, sent) {
        const status = outcomeOf(store, file.source)?.status ?? 'open';
        endings.add(status);
        if (status === 'failed') checkShown(store, file.source, 'failed');
        else {
          expect(status).toBe('reopened');
          expect(see(store)).toMatchObject({ success: null, failure: null });
          expect(sent).not.toEqual([]);
        }
        const tools = directTools(store);
        await redriveFile({ ...tools, arrivals: tools.shards }, file.source);
        tools.shards.bodies.length = 0;
        await planWork(file, fakeFiles(SHARD))(tools);
        await drain(store, tools.shards.bodies, fakeFiles(SHARD));
        checkWhole(store, file, SHARD);
      },
    });
    expect([...endings].sort()).toEqual(['failed', 'reopened']);
  });
});

function deadLetterWork({ source }: Pick<FileVersion, 'source'>): Work {
  const body = shardMessageBody({ source, shard: 0 });
  return (tools) => failDeadLetters(tools, [{ queue: 'shards', body, error: 'out of memory' }]);
}

function deadArrivalWork(file: FileVersion): Work {
  const letter: DeadLetter = { queue: 'arrivals', body: arrivalBody(file), error: 'out of memory' };
  return (tools) => failDeadLetters(tools, [letter]);
}
