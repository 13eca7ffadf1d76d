/** Many small files at once, through the handlers and their queues, with every kind of fault at the same time. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { outcomeKey, scoresFolder } from '../../../lib/contract/bucket.ts';
import { type BatchHandler, inProcessQueue } from '../../../lib/queue/in-process-queue.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { arrivalBody } from '../../../lib/scoring/protocol/events.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import type { CandidateFiles } from '../../../lib/scoring/protocol/ports.ts';
import type { ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { type Gate, gated } from '../../scoring/world/gated-store.ts';
import { instantClock } from '../../scoring/world/local-run.ts';
import { randomOf } from '../../scoring/world/random.ts';
import {
  fakeFiles,
  type MemoryStore,
  MODEL,
  memoryStore,
  partText,
  putCandidate,
  SHARD,
  scratch,
} from '../../scoring/world/world.ts';

const BATCH_SIZE = 10;
const CONCURRENCY = 8;

/** Scores so many files, each of whose events comes twice; every one of them must end whole, with one outcome. */
export async function scoreManyFiles(count: number): Promise<void> {
  const store = memoryStore();
  const files: FileVersion[] = [];
  for (let index = 0; index < count; index++)
    files.push(await putCandidate(store, index + 1, `candidates/day=1/${index}.parquet`));
  const { dead, deliveries } = await scoreAll(store, files, randomOf(1));
  expect(dead).toEqual([]);
  for (const file of files) checkEnd(store, file);
  // All twice, and a fifth again.
  expect(deliveries).toBeGreaterThan(2.3 * count);
}

/** Handles all messages with eight planners, and then eight scorers of what was left to them. */
async function scoreAll(store: MemoryStore, files: readonly FileVersion[], random: () => number) {
  const options = { clock: instantClock(), maxReceiveCount: 1_000 };
  const arrivals = inProcessQueue('arrivals', options);
  const shards = inProcessQueue('shards', options);
  const gate: Gate = async (_, act) => {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--) await setImmediate();
    return act({ store, queue: shards });
  };
  const target = gated(gate);
  let ids = 0;
  const dependencies = {
    store: target.store,
    newWriterId: () => `writer ${ids++}`,
    now: () => new Date(Date.UTC(2026, 0, 1)),
    log: { info: () => undefined, error: () => undefined },
  };
  const candidates = failingNowAndThen(fakeFiles(SHARD), random);
  let deliveries = 0;
  const planShards = planShardsHandler({
    ...dependencies,
    shards: target.queue,
    models: { current: async () => ({ ...MODEL, version: random() < 0.5 ? 'm1' : 'm2' }) },
    files: candidates,
    inOneGo: { files: candidates, scratch, hasTime: () => random() < 0.8 },
  });
  const counting: BatchHandler = (event) => {
    deliveries += event.Records.length;
    return planShards(event);
  };
  const scoreShard = scoreShardHandler({ ...dependencies, files: candidates, scratch });
  // Each batch twice in a row: two planners handle the same ten files at the same time.
  for (let start = 0; start < files.length; start += BATCH_SIZE)
    for (const _ of [1, 2]) await arrivals.send(files.slice(start, start + BATCH_SIZE).map(arrivalBody));
  await arrivals.drive(losingAnswers(counting, random), { batchSize: BATCH_SIZE, concurrency: CONCURRENCY });
  await shards.drive(losingAnswers(scoreShard, random), { concurrency: CONCURRENCY });
  return { dead: [...arrivals.deadLetters(), ...shards.deadLetters()], deliveries };
}

/** The same handler, which reports a fifth of the messages that it has handled as failed. */
function losingAnswers(handler: BatchHandler, random: () => number): BatchHandler {
  return async (event) => {
    const { batchItemFailures } = await handler(event);
    const lost = event.Records.filter(() => random() < 0.2).map(({ messageId }) => ({ itemIdentifier: messageId }));
    return { batchItemFailures: [...batchItemFailures, ...lost] };
  };
}

/** The same port, which fails to score every tenth shard once. */
function failingNowAndThen(files: CandidateFiles, random: () => number): CandidateFiles {
  return {
    ...files,
    scoreShard: (request) => (random() < 0.1 ? Promise.reject(new Error('out of memory')) : files.scoreShard(request)),
  };
}

function checkEnd(store: MemoryStore, file: FileVersion): void {
  const outcomes = store.versions(outcomeKey(file.source));
  expect(outcomes, file.key).toHaveLength(1);
  const folder = scoresFolder(file.key);
  const part = `part-${file.source.slice(0, 8)}-00000.parquet`;
  expect(store.keys().filter((key) => key.startsWith(folder))).toEqual([
    `${folder}_SUCCESS`,
    `${folder}_manifest.json`,
    `${folder}${part}`,
  ]);
  expect(textOf(store, `${folder}_SUCCESS`)).toBe(file.source);
  const manifest: ScoresManifest = JSON.parse(textOf(store, `${folder}_manifest.json`));
  const scores = partText(file.source, 0, manifest.model.version);
  expect(textOf(store, `${folder}${part}`)).toBe(scores);
  const sha256 = createHash('sha256').update(scores).digest('hex');
  expect(manifest).toMatchObject({ source: file.source, rowsIn: 10, scored: 8, rejected: 2, parts: [{ sha256 }] });
}

function textOf(store: MemoryStore, key: string): string {
  return new TextDecoder().decode(store.versions(key).at(-1)?.body);
}
