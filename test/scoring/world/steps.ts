/** The work that messages start, and the states of the store in which a scenario begins. */

import { outcomeKey, workPartKey } from '../../../lib/contract/bucket.ts';
import type { Queue } from '../../../lib/queue/queue.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { parseShardMessage } from '../../../lib/scoring/protocol/messages.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { CandidateFiles, CurrentModel, ScoringDependencies } from '../../../lib/scoring/protocol/ports.ts';
import { scoreShard } from '../../../lib/scoring/protocol/score.ts';
import { type Gate, gated } from './gated-store.ts';
import { planOf } from './invariants.ts';
import { fakeFiles, type MemoryStore, MODEL, rememberingQueue, type Shards, scratch } from './world.ts';

type Tools = ScoringDependencies & { readonly shards: Queue };

/** Handles an arrival, with that model as the current one. */
export function planWork(file: FileVersion, files: CandidateFiles, model: CurrentModel = MODEL) {
  return (tools: Tools) => planFile({ ...tools, files, models: { current: async () => model }, inOneGo: null }, file);
}

/** Handles an arrival where a file of one shard is scored in the same go. */
export function oneGoWork(file: FileVersion, files: CandidateFiles, model: CurrentModel = MODEL) {
  const inOneGo = { files, scratch, hasTime: () => true };
  return (tools: Tools) => planFile({ ...tools, files, models: { current: async () => model }, inOneGo }, file);
}

/** Handles a shard message. */
export function shardWork({ source }: Pick<FileVersion, 'source'>, shard: number, files: CandidateFiles) {
  return (tools: ScoringDependencies) => scoreShard({ ...tools, files, scratch }, { source, shard });
}

/** Counts the ids of writers, so that no two are the same. */
let directWrites = 0;

/** Tools that act at once on the store itself. */
export function directTools(store: MemoryStore): Tools & { readonly shards: ReturnType<typeof rememberingQueue> } {
  const shards = rememberingQueue();
  return { store, shards, newWriterId: () => `direct ${directWrites++}`, now: () => new Date(Date.UTC(2025, 11, 31)) };
}

/** Plans a file and scores nothing. */
export async function runToPlan(
  store: MemoryStore,
  file: FileVersion,
  shards: Shards,
  model: CurrentModel = MODEL,
): Promise<void> {
  await planWork(file, fakeFiles(shards), model)(directTools(store));
}

/** Plans a file and scores it to its end. */
export async function runWhole(store: MemoryStore, file: FileVersion, shards: Shards, model = MODEL): Promise<void> {
  const tools = directTools(store);
  await planWork(file, fakeFiles(shards), model)(tools);
  await drain(store, tools.shards.bodies, fakeFiles(shards));
}

/** Handles shard messages one after the other. */
export async function drain(store: MemoryStore, bodies: readonly string[], files: CandidateFiles): Promise<void> {
  for (const body of bodies) {
    const { source, shard } = parseShardMessage(body);
    await shardWork({ source }, shard, files)(directTools(store));
  }
}

/**
 * Plans a file and scores all its shards, and stops before anything is decided: killed at the outcome or, where scores
 * are ranked, at the first ranked part.
 */
export async function runToReceipts(
  store: MemoryStore,
  file: FileVersion,
  shards: Shards,
  model: CurrentModel = MODEL,
): Promise<void> {
  const tools = directTools(store);
  const gate: Gate = async ({ name, key }, act) => {
    const isEnd = (name === 'put' && key === outcomeKey(file.source)) || key.startsWith(`_work/${file.source}/ranked/`);
    if (isEnd) throw new Error('killed');
    return act({ store, queue: tools.shards });
  };
  const { length } = shards;
  await runToPlan(store, file, shards, model);
  for (let shard = 0; shard < length; shard++)
    await shardWork(file, shard, fakeFiles(shards))({ ...tools, store: gated(gate).store }).catch(() => undefined);
  if (!store.keys().includes(workPartKey(file.source, length - 1)) || store.keys().includes(outcomeKey(file.source)))
    throw new Error('the scenario does not begin where it should');
}

/**
 * Delivers the arrival and all shard messages of a file once more, and returns the calls that change something: none,
 * if the file has ended.
 */
export async function changesOfRepeating(
  store: MemoryStore,
  file: FileVersion,
  files: CandidateFiles,
): Promise<string[]> {
  const changes: string[] = [];
  const { shards, ...direct } = directTools(store);
  const gate: Gate = async ({ name, key, changes: isChange }, act) => {
    if (isChange) changes.push(`${name} ${key}`);
    return act({ store, queue: shards });
  };
  const { store: watched, queue } = gated(gate);
  const tools = { ...direct, store: watched, shards: queue };
  await planWork(file, files)(tools);
  for (const { index } of planOf(store, file)?.candidates.shards ?? []) await shardWork(file, index, files)(tools);
  return changes;
}
