import { describe, expect, it } from 'vitest';
import { redriveDeadLetters } from '../../../lib/scoring/handlers/redrive.ts';
import { arrivalBody } from '../../../lib/scoring/protocol/events.ts';
import { fileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';

const FILE = fileVersion({
  bucket: 'shop',
  key: 'candidates/today.csv',
  versionId: '1',
  sequencer: '01',
  eventTime: '2026-11-23T00:00:00Z',
  attempt: 1,
});
const ARRIVAL = arrivalBody(FILE);
const SHARD = shardMessageBody({ source: FILE.source, shard: 3 });

interface Letters {
  readonly arrivals?: readonly string[];
  readonly shards?: readonly string[];
}

/** Redrives these dead letters over a bucket where the file has that outcome; notes those that it removes. */
async function redrive({ arrivals = [], shards = [] }: Letters, outcome: object | null, removed: string[] = []) {
  const store = memoryStore();
  const key = `_work/${FILE.source}/outcome.json`;
  if (outcome !== null) await store.put(key, JSON.stringify({ formatVersion: 2, file: FILE, reopened: 0, ...outcome }));
  const sent = { arrivals: [] as string[], shards: [] as string[] };
  const deadOf = (bodies: readonly string[]) => ({
    read: async () => bodies.map((body) => ({ body, receiptHandle: body })),
    remove: async (receiptHandle: string) => void removed.push(receiptHandle),
  });
  const redriven = await redriveDeadLetters({
    store,
    now: () => new Date(0),
    newWriterId: () => 'test',
    queues: {
      arrivals: { send: async (bodies) => void sent.arrivals.push(...bodies) },
      shards: { send: async (bodies) => void sent.shards.push(...bodies) },
    },
    dead: { arrivals: deadOf(arrivals), shards: deadOf(shards) },
  });
  const record = outcome === null ? null : JSON.parse(new TextDecoder().decode((await store.get(key)).body));
  return { redriven, sent, removed, status: record?.status };
}

const { source, key, versionId } = FILE;
const [AT, MODEL] = ['2026-11-23T00:00:00.000Z', { name: 'shop', version: 'm1' }];
const FAILURE = {
  formatVersion: 2,
  reason: 'retries_exhausted',
  message: '',
  source,
  key,
  versionId,
  failedAt: AT,
  details: {},
};
const MANIFEST = {
  formatVersion: 2,
  source,
  key,
  versionId,
  model: MODEL,
  parts: [],
  rejects: [],
  rowsIn: 0,
  scored: 0,
  rejected: 0,
  rejectedByReason: {},
  features: {},
  repeatedKeys: 0,
  notes: [],
  seconds: 0,
  cpuModels: [],
  plannedAt: AT,
  finishedAt: AT,
};

describe('redriveDeadLetters', () => {
  it('reopens a file that failed, once for all its letters, and lets it arrive again', async () => {
    const other = shardMessageBody({ source: FILE.source, shard: 4 });
    const { redriven, sent, removed, status } = await redrive(
      { shards: [SHARD, other] },
      { status: 'failed', failure: FAILURE },
    );
    expect(redriven).toEqual([{ source: FILE.source, status: 'again' }]);
    expect(status).toBe('reopened');
    expect(sent).toEqual({ arrivals: [ARRIVAL], shards: [] });
    expect(removed).toEqual([SHARD, other]);
  });

  it('sends the message again where nothing was decided', async () => {
    expect(await redrive({ arrivals: [ARRIVAL] }, null)).toMatchObject({
      redriven: [{ source: FILE.source, status: 'again' }],
      sent: { arrivals: [ARRIVAL], shards: [] },
      removed: [ARRIVAL],
    });
    const other = shardMessageBody({ source: FILE.source, shard: 4 });
    expect(await redrive({ shards: [SHARD, other] }, null)).toMatchObject({
      sent: { arrivals: [], shards: [SHARD, other] },
    });
  });

  it('only removes the letter of a file that succeeded meanwhile', async () => {
    expect(await redrive({ shards: [SHARD] }, { status: 'succeeded', manifest: MANIFEST })).toEqual({
      redriven: [{ source: FILE.source, status: 'succeeded' }],
      sent: { arrivals: [], shards: [] },
      removed: [SHARD],
      status: 'succeeded',
    });
  });

  it('fails with a letter that names no file, or whose file cannot be reopened, and leaves it', async () => {
    const removed: string[] = [];
    await expect(redrive({ shards: ['text'] }, null, removed)).rejects.toThrow('shard message is not JSON');
    await expect(redrive({ shards: [SHARD] }, { formatVersion: 99 }, removed)).rejects.toThrow(
      `format of _work/${FILE.source}/outcome.json is 99, expected 2: another release wrote it (in memory:)`,
    );
    expect(removed).toEqual([]);
  });
});
