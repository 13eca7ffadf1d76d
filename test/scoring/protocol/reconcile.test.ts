/** What is done about files that no message will end, and about those that a person takes up again. */
import { describe, expect, it } from 'vitest';
import { outcomeKey, planKey } from '../../../lib/contract/bucket.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { parseShardMessage, shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';
import { type DeadLetter, reconcile } from '../../../lib/scoring/protocol/reconcile.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import { checkFolder, checkShown, checkWhole, outcomeOf, planOf, see } from '../world/invariants.ts';
import { directTools, drain, planWork, runToPlan, runToReceipts, runWhole, shardWork } from '../world/steps.ts';
import {
  FOLDER,
  fakeFiles,
  KEY,
  type MemoryStore,
  memoryStore,
  putCandidate,
  rememberingQueue,
  SHARD,
  TWO_SHARDS,
} from '../world/world.ts';

const PLANNED_AT = '2025-12-31T00:00:00.000Z';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('reconcile', () => {
  it('sends the missing shards of an old plan, once', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    await shardWork(file, 1, fakeFiles(TWO_SHARDS))(directTools(store));
    const first = await reconcileAfter(store, HOUR);
    expect(first).toMatchObject({ resent: [file.source], failed: [] });
    expect(first.sent.map(parseShardMessage)).toEqual([{ source: file.source, shard: 0 }]);
    expect(await reconcileAfter(store, HOUR)).toMatchObject({ resent: [], sent: [] });
  });

  it('sends them the next time where it was cut off while it sent', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    const cutOff = { ...toolsAt(store, HOUR), shards: { send: () => Promise.reject(new Error('cut off')) } };
    await expect(reconcile(cutOff, { deadLetters: [], resendAfterMs: HOUR })).rejects.toThrow('cut off');
    const next = await reconcileAfter(store, HOUR);
    expect(next.sent.map((body) => parseShardMessage(body).shard)).toEqual([0, 1]);
  });

  it('passes over the plan of another release, and says so', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, SHARD);
    const other = await putCandidate(store, 2);
    await runToPlan(store, other, SHARD);
    const key = planKey(file.source);
    await store.put(key, JSON.stringify({ ...planOf(store, file), formatVersion: 99 }));
    const { resent, unreadable } = await reconcileAfter(store, HOUR);
    expect(resent).toEqual([other.source]);
    expect(unreadable).toEqual([`format of ${key} is 99, expected 2: another release wrote it (in memory:)`]);
  });

  it('leaves a young plan and a file that is over alone', async () => {
    const { store } = await scoredFile();
    await runToPlan(store, await putCandidate(store, 2), SHARD);
    expect(await reconcileAfter(store, HOUR - 1)).toMatchObject({ resent: [], failed: [], sent: [] });
  });

  it('finishes a file whose last receipt was written and whose message was lost', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToReceipts(store, file, TWO_SHARDS);
    expect(await reconcileAfter(store, HOUR)).toMatchObject({ resent: [file.source], sent: [] });
    checkWhole(store, file, TWO_SHARDS);
  });

  it('fails the file of a dead shard, with the last error', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    const body = shardMessageBody({ source: file.source, shard: 1 });
    const letter = { queue: 'shards', body, error: 'out of memory' } as const;
    expect(await reconcileAfter(store, 0, [letter])).toMatchObject({ failed: [file.source], resent: [], sent: [] });
    checkShown(store, file.source, 'failed');
    expect(see(store).failure).toMatchObject({
      reason: 'retries_exhausted',
      message: `${KEY}: shard 1 was tried too often; out of memory`,
      details: { shard: 1 },
    });
  });

  it('fails the file of a dead arrival that has no plan', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const letter = { queue: 'arrivals', body: arrivalOf(file), error: null } as const;
    expect(await reconcileAfter(store, 0, [letter])).toMatchObject({ failed: [file.source], sent: [] });
    expect(see(store).failure?.message).toBe(`${KEY}: planning was tried too often; no error was left behind`);
  });

  it('sends the shards of a dead arrival that has a plan, once', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, SHARD);
    const letter = { queue: 'arrivals', body: arrivalOf(file), error: null } as const;
    expect((await reconcileAfter(store, 0, [letter])).sent).toHaveLength(1);
    expect((await reconcileAfter(store, 0, [letter])).sent).toHaveLength(0);
    expect(outcomeOf(store, file.source)).toBeNull();
  });

  it('keeps the outcome of a file that ended before its message died, and completes its folder', async () => {
    const { store, file } = await scoredFile();
    await store.delete(`${FOLDER}_SUCCESS`);
    const body = shardMessageBody({ source: file.source, shard: 0 });
    await reconcileAfter(store, 0, [{ queue: 'shards', body, error: null }]);
    checkWhole(store, file, SHARD);
  });

  it('reports dead letters that name no file', async () => {
    const letters = [
      { queue: 'shards', body: 'x', error: null },
      { queue: 'arrivals', body: '{}', error: null },
    ] as const;
    expect((await reconcileAfter(memoryStore(), 0, letters)).unreadable).toEqual([
      'shard message is not JSON',
      's3 notification is not as expected: Records missing',
    ]);
  });
});

describe('redriving', () => {
  it('takes back _FAILED.json and lets the file arrive again, its done shards kept', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    await shardWork(file, 0, fakeFiles(TWO_SHARDS))(directTools(store));
    const body = shardMessageBody({ source: file.source, shard: 1 });
    await reconcileAfter(store, 0, [{ queue: 'shards', body, error: null }]);

    const arrivals = rememberingQueue();
    expect(await redriveFile({ ...directTools(store), arrivals }, file.source)).toBe('failed');
    expect(see(store)).toMatchObject({ success: null, failure: null });
    expect(arrivals.bodies).toEqual([arrivalOf(file)]);
    const tools = directTools(store);
    await planWork(file, fakeFiles(TWO_SHARDS))(tools);
    expect(tools.shards.bodies).toEqual([body]);
    await drain(store, tools.shards.bodies, fakeFiles(TWO_SHARDS));
    checkWhole(store, file, TWO_SHARDS);
  });

  it('is taken up by reconcile where its arrival is lost, once an opening, after waiting from the reopening on', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    await shardWork(file, 0, fakeFiles(TWO_SHARDS))(directTools(store));
    const body = shardMessageBody({ source: file.source, shard: 1 });
    const dead = { queue: 'shards', body, error: null } as const;
    await reconcileAfter(store, HOUR);
    for (const opening of [1, 2]) {
      await reconcileAfter(store, opening * DAY, [dead]);
      checkShown(store, file.source, 'failed');
      const reopenedAt = opening * DAY + HOUR;
      const lost = { ...toolsAt(store, reopenedAt), arrivals: rememberingQueue() };
      expect(await redriveFile(lost, file.source)).toBe('failed');
      expect(await reconcileAfter(store, reopenedAt + HOUR - 1)).toMatchObject({ resent: [], sent: [] });
      expect(await reconcileAfter(store, reopenedAt + HOUR)).toMatchObject({ resent: [file.source], sent: [body] });
      expect(await reconcileAfter(store, reopenedAt + 2 * HOUR)).toMatchObject({ resent: [], sent: [] });
    }
    await drain(store, [body], fakeFiles(TWO_SHARDS));
    checkWhole(store, file, TWO_SHARDS);
    expect(await reconcileAfter(store, 9 * DAY)).toMatchObject({ resent: [], sent: [] });
  });

  it('is left alone by reconcile once it has ended again', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    const dead = { queue: 'shards', body: shardMessageBody({ source: file.source, shard: 1 }), error: null } as const;
    await reconcileAfter(store, HOUR, [dead]);
    await redriveFile({ ...directTools(store), arrivals: rememberingQueue() }, file.source);
    expect(await reconcileAfter(store, HOUR, [dead])).toMatchObject({ failed: [file.source], resent: [], sent: [] });
    checkShown(store, file.source, 'failed');
    expect(await reconcileAfter(store, DAY)).toMatchObject({ failed: [], resent: [], sent: [] });
  });

  it('fails where the file was reopened and scored meanwhile, and keeps the scores', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, SHARD);
    const body = shardMessageBody({ source: file.source, shard: 0 });
    await reconcileAfter(store, 0, [{ queue: 'shards', body, error: null }]);
    const redrive = (from: MemoryStore) =>
      redriveFile({ ...directTools(from), arrivals: rememberingQueue() }, file.source);
    const overtaken: MemoryStore = {
      ...store,
      async put(key, content, options) {
        if (key === outcomeKey(file.source)) {
          await redrive(store);
          await drain(store, [body], fakeFiles(SHARD));
        }
        return store.put(key, content, options);
      },
    };
    await expect(redrive(overtaken)).rejects.toThrow(`outcome of ${KEY} changed while it was being reopened`);
    checkWhole(store, file, SHARD);
  });

  it('leaves open and succeeded files alone', async () => {
    const { store, file } = await scoredFile();
    const arrivals = rememberingQueue();
    const redrive = (source: string) => redriveFile({ ...directTools(store), arrivals }, source);
    expect(await redrive(file.source)).toBe('succeeded');
    expect(await redrive('0000000000000000')).toBe('open');
    expect(arrivals.bodies).toEqual([]);
    checkFolder(store);
  });
});

async function scoredFile(): Promise<{ store: MemoryStore; file: FileVersion }> {
  const store = memoryStore();
  const file = await putCandidate(store, 1);
  await runWhole(store, file, SHARD);
  return { store, file };
}

async function reconcileAfter(store: MemoryStore, age: number, deadLetters: readonly DeadLetter[] = []) {
  const tools = toolsAt(store, age);
  const reconciled = await reconcile(tools, { deadLetters, resendAfterMs: HOUR });
  return { ...reconciled, sent: tools.shards.bodies };
}

/** Tools whose clock is that much after the planning. */
function toolsAt(store: MemoryStore, age: number) {
  return { ...directTools(store), now: () => new Date(Date.parse(PLANNED_AT) + age) };
}

function arrivalOf({ bucket, key, versionId, sequencer, eventTime }: FileVersion): string {
  const s3 = { bucket: { name: bucket }, object: { key: key.replace('=', '%3D'), versionId, sequencer } };
  const eventName = 'ObjectCreated:Put';
  return JSON.stringify({ Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', eventName, eventTime, s3 }] });
}
