/** Scenarios of two processes on one file, or on two versions of it, and what must hold in every schedule of them. */
import { expect } from 'vitest';
import { arrivalBody } from '../../../lib/scoring/protocol/events.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';
import type { CandidateFiles } from '../../../lib/scoring/protocol/ports.ts';
import { type DeadLetter, failDeadLetters } from '../../../lib/scoring/protocol/reconcile.ts';
import { checkFolder, checkManifest, checkShown, checkWhole, outcomeOf } from '../../scoring/world/invariants.ts';
import { changesOfRepeating, drain, runWhole } from '../../scoring/world/steps.ts';
import { fakeFiles, type MemoryStore, putCandidate, SHARD, type Shards } from '../../scoring/world/world.ts';
import type { Work } from './automaton.ts';
import { explore } from './explore.ts';

/** One shard of a file that fails: most of its rows are rejected. */
export const ALL_BAD: Shards = [{ scored: 1, rejected: 9 }];

/** Brings the store to where the scenario begins, and returns its processes. */
export type Begin = (store: MemoryStore, file: FileVersion, files: CandidateFiles) => Promise<readonly Work[]>;
export type BeginTwo = (
  store: MemoryStore,
  first: FileVersion,
  second: FileVersion,
  files: CandidateFiles,
) => Promise<readonly Work[]>;

export interface OneVersion {
  readonly shards: Shards;
  /** Whether the path never had scores before. @default false */
  readonly isFirst?: boolean;
  /** Outcomes that occur among the schedules, all of them and no other. */
  readonly ends: readonly ('succeeded' | 'failed')[];
  readonly kills?: number;
  /** The search must enter more states than that: with fewer, the processes hardly met. @default 50 */
  readonly states?: number;
}

/** Explores a scenario of one version, where scores of an older one may be in place. */
export async function exploreOne(settings: OneVersion, begin: Begin): Promise<void> {
  const { shards, ends, isFirst = false, kills = 1, states: least = 50 } = settings;
  let file: FileVersion;
  const files = fakeFiles(shards);
  const ended = new Set<string>();
  const { states } = await explore({
    kills,
    async setUp(store) {
      if (!isFirst) await runWhole(store, await putCandidate(store, 1), SHARD);
      file = await putCandidate(store, 2);
      return begin(store, file, files);
    },
    atEveryInstant: checkFolder,
    async atTheEnd(store, sent) {
      await drain(store, sent, files);
      const status = outcomeOf(store, file.source)?.status ?? 'open';
      ended.add(status);
      if (status === 'succeeded') checkWhole(store, file, shards);
      else checkShown(store, file.source, 'failed');
      expect(await changesOfRepeating(store, file, files)).toEqual([]);
    },
  });
  expect([...ended].sort()).toEqual(ends);
  expect(states).toBeGreaterThan(least);
}

export interface TwoVersions {
  readonly older: Shards;
  readonly newer: Shards;
  /** How the newer one ends. */
  readonly status: 'succeeded' | 'failed';
  /** Whether the path never had scores before. @default false */
  readonly isFirst?: boolean;
}

/** Explores a scenario of two versions, where scores of a third one may be in place. */
export async function exploreVersions(
  { older, newer, status, isFirst = false }: TwoVersions,
  begin: BeginTwo,
): Promise<void> {
  let first: FileVersion;
  let second: FileVersion;
  const files = fakeFiles((file) => (file.source === second.source ? newer : older));
  const { states } = await explore({
    kills: 1,
    async setUp(store) {
      if (!isFirst) await runWhole(store, await putCandidate(store, 1), SHARD);
      first = await putCandidate(store, 2);
      second = await putCandidate(store, 3);
      return begin(store, first, second, files);
    },
    atEveryInstant: checkManifest,
    async atTheEnd(store, sent) {
      await drain(store, sent, files);
      checkShown(store, second.source, status);
      expect(await changesOfRepeating(store, first, files)).toEqual([]);
      expect(await changesOfRepeating(store, second, files)).toEqual([]);
    },
  });
  expect(states).toBeGreaterThan(500);
}

/** Handles the dead letter of the file's first shard. */
export function deadLetterWork({ source }: Pick<FileVersion, 'source'>): Work {
  const body = shardMessageBody({ source, shard: 0 });
  return (tools) => failDeadLetters(tools, [{ queue: 'shards', body, error: 'out of memory' }]);
}

/** Handles the dead letter of the file's arrival. */
export function deadArrivalWork(file: FileVersion): Work {
  const letter: DeadLetter = { queue: 'arrivals', body: arrivalBody(file), error: 'out of memory' };
  return (tools) => failDeadLetters(tools, [letter]);
}
