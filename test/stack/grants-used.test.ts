/** That the table of grants is enough, and not too much, for what the functions do. */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OnlineStatistics } from '../../lib/online/statistics.ts';
import type { EventBus } from '../../lib/queue/event-bus.ts';
import type { BatchHandler } from '../../lib/queue/in-process-queue.ts';
import { type EventOutbox, eventOutbox } from '../../lib/scoring/handlers/event-outbox.ts';
import { planShardsHandler } from '../../lib/scoring/handlers/plan-shards.ts';
import { reconcileHandler } from '../../lib/scoring/handlers/reconcile.ts';
import { scoreShardHandler } from '../../lib/scoring/handlers/score-shard.ts';
import { arrivalBody } from '../../lib/scoring/protocol/events.ts';
import { fileVersion } from '../../lib/scoring/protocol/keys.ts';
import { shardMessageBody } from '../../lib/scoring/protocol/messages.ts';
import type { CandidateFiles } from '../../lib/scoring/protocol/ports.ts';
import { type FeatureManifest, HASH, newestTable } from '../../lib/scoring/rows/feature-manifest.ts';
import { GRANTS, type RoleName } from '../../lib/stack/grants.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { sqsRecord } from '../functions/batch.ts';
import { notingUses, noUses, type Uses } from './noting-uses.ts';

type Role = Extract<RoleName, 'planShards' | 'scoreShard' | 'reconcile'>;

const NOW = () => new Date('2026-11-23T12:00:00Z');
const MODEL = {
  name: 'shop',
  version: '20261123-000000-00000000',
  limits: { maxRejected: 0.5, maxUnknown: null, maxMissing: null },
  ranking: { by: 'pctr', within: [], top: null },
  usual: {},
};

const TABLE = 'features/user/dt=2026-11-23/_manifest.json';

/** Reads the file, the model and the users' table as the real work does; two shards, and a rejected row in each. */
function filesOver(store: Store): CandidateFiles {
  return {
    async plan({ key, versionId }) {
      await store.get(key, { versionId });
      await store.head('models/shop/current.json');
      await newestTable(store, 'user');
      const number = key.includes('empty') ? 0 : key.includes('small') ? 1 : 2;
      const shards = Array.from({ length: number }, (_, index) => ({ index, firstRow: 2 * index, rows: 2 }));
      return { format: 'csv', columns: [], size: 1, rows: 2 * number, dialect: null, shards, notes: [] };
    },
    async scoreShard({ file, scratch }) {
      await store.get(file.key, { versionId: file.versionId });
      await store.head('models/shop/current.json');
      await store.get(TABLE);
      const [scoresPath, rejectsPath] = [join(scratch, 'scores'), join(scratch, 'rejects')];
      await Promise.all([scoresPath, rejectsPath].map((path) => writeFile(path, 'rows')));
      const counts = { rowsIn: 2, scored: 1, rejected: 1, rejectedByReason: { null_key: 1 } };
      return { scoresPath, rejectsPath, ...counts, features: {}, repeatedKeys: 0 };
    },
    async rankPart({ parts, scratch }) {
      for (const part of parts) await store.get(part);
      const path = join(scratch, 'ranked');
      await writeFile(path, 'rows');
      return { path, rows: 1 };
    },
  };
}

/** Drives every way that a file can go, and notes what each function does to the bucket. */
async function usesOfEach(): Promise<Record<Role, Uses>> {
  const uses = { planShards: noUses(), scoreShard: noUses(), reconcile: noUses() };
  const memory = memoryStore();
  const file = { bucket: 0, key: 'features/user/dt=2026-11-23/bucket=00000.parquet', versionId: 'v', etag: '' };
  const table: FeatureManifest = {
    formatVersion: 2,
    entity: 'user',
    date: '2026-11-23',
    createdAt: NOW().toISOString(),
    key: 'user_id',
    columns: [],
    rows: 1,
    hash: HASH,
    buckets: 1,
    files: [{ ...file, rows: 1, bytes: 1 }],
  };
  await memory.put(TABLE, JSON.stringify(table));
  const storeOf = (role: Role) => notingUses(memory, uses[role]);
  const log = {
    info: () => undefined,
    error: (_: string, { error = null }: { error?: unknown }) => expect(error).toBeNull(),
  };
  // An event bus that is away at first.
  let isAway = true;
  const bus: EventBus = {
    send: async (events) =>
      isAway ? events.map((event) => ({ event, why: 'event bus is away', isRefused: false })) : [],
  };
  const outboxes: EventOutbox[] = [];
  const telling = (store: Store) => {
    const outbox = eventOutbox({ store, bus, log });
    outboxes.push(outbox);
    return { onEnded: outbox.onEnded };
  };
  let writers = 0;
  const shared = { now: NOW, newWriterId: () => `writer-${writers++}`, log };
  const messages: string[] = [];
  const shards = { send: async (bodies: readonly string[]) => void messages.push(...bodies) };

  const store = storeOf('planShards');
  const models = { current: () => store.head('models/shop/current.json').then(() => MODEL) };
  const plan = planShardsHandler({
    ...shared,
    ...telling(store),
    store,
    shards,
    models,
    files: filesOver(store),
    inOneGo: { files: filesOver(store), scratch: tmpdir(), hasTime: () => true },
  });
  const scoring = storeOf('scoreShard');
  const score = scoreShardHandler({
    ...shared,
    ...telling(scoring),
    store: scoring,
    files: filesOver(scoring),
    scratch: tmpdir(),
  });
  const deadLetters: string[] = [];
  const reconciling = storeOf('reconcile');
  const reconcile = reconcileHandler({
    ...shared,
    ...telling(reconciling),
    store: reconciling,
    shards,
    dead: {
      arrivals: { read: async () => [] },
      shards: { read: async () => deadLetters.splice(0).map((body) => ({ body, receiptHandle: '' })) },
    },
    resendAfterMs: -1,
    onOpenFiles: () => undefined,
  });

  let sequencer = 0;
  async function arrive(key: string): Promise<string> {
    const { versionId } = await memory.put(key, `rows ${sequencer}`);
    const arrival = {
      bucket: 'shop',
      key,
      versionId,
      sequencer: String(++sequencer).padStart(4, '0'),
      eventTime: NOW().toISOString(),
      attempt: 1,
    };
    await handle(plan, arrivalBody(arrival));
    return fileVersion(arrival).source;
  }
  const scoreAll = async () => {
    for (const body of messages.splice(0)) await handle(score, body);
  };

  await arrive('candidates/a.csv');
  await scoreAll();
  // The next version replaces the first one's parts, first by the scorer, then by the planner.
  await arrive('candidates/a.csv');
  await scoreAll();
  await arrive('candidates/empty.csv');
  await arrive('candidates/empty.csv');
  await arrive('candidates/small.csv');
  await arrive('candidates/a.txt');
  // A shard dies after an earlier version was published: reconcile withdraws it.
  const dead = await arrive('candidates/a.csv');
  deadLetters.push(shardMessageBody({ source: dead, shard: 0 }));
  await reconcile();
  messages.splice(0);
  // All shards are scored, but the message of the last was lost before it finished.
  await arrive('candidates/b.csv');
  await scoreAll();
  // What could not be told is kept by each, and told by the function that reconciles.
  for (const outbox of outboxes) await outbox.flush();
  isAway = false;
  await outboxes.at(-1)?.resend();
  return uses;
}

async function handle(handler: BatchHandler, body: string): Promise<void> {
  expect(await handler({ Records: [sqsRecord('a', { body })] })).toEqual({ batchItemFailures: [] });
}

/** Adds statistics of requests to the bucket, as the online function does. */
async function usesOfStatistics(): Promise<Uses> {
  const found = noUses();
  const store = notingUses(memoryStore(), found);
  const statistics = new OnlineStatistics({ store, model: 'shop', onError: (error) => expect(error).toBeNull() });
  const chunk = { rows: 0, ids: {}, weights: {}, numbers: {} };
  const encoder = { inputs: [], embeddings: [] };
  statistics.add({ at: NOW(), version: 'v', encoder, rejected: 1, chunk, scoredRows: undefined, outputs: {} });
  await statistics.close();
  return found;
}

const uses = await usesOfEach();

it.each(['planShards', 'scoreShard', 'reconcile'] as const)('%s uses no prefix without a grant', (role) => {
  for (const action of ['read', 'write', 'delete'] as const) {
    const granted: readonly string[] = GRANTS[role].prefixes[action];
    expect(
      [...uses[role][action]].filter((prefix) => !granted.includes(prefix)),
      action,
    ).toEqual([]);
  }
});

it('nothing is granted that no function needs', async () => {
  const all = [...Object.values(uses), await usesOfStatistics()];
  for (const action of ['read', 'write', 'delete'] as const) {
    const { planShards, scoreShard, reconcile, online } = GRANTS;
    const granted = [planShards, scoreShard, reconcile, online].flatMap(({ prefixes }) => prefixes[action]);
    const used = all.flatMap((role) => [...role[action]]);
    expect(
      [...new Set(granted)].filter((prefix) => !used.includes(prefix)),
      action,
    ).toEqual([]);
  }
});
