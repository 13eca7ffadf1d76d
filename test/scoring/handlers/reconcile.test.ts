import { expect, it } from 'vitest';
import { reconcileHandler } from '../../../lib/scoring/handlers/reconcile.ts';
import { shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';

const NOW = new Date('2026-11-23T12:00:00Z');

function planOf(source: string, plannedAt: string): string {
  const file = {
    source,
    bucket: 'shop',
    key: `candidates/${source}.csv`,
    versionId: '1',
    sequencer: '00',
    eventTime: plannedAt,
    attempt: 1,
  };
  const candidates = {
    format: 'csv',
    columns: [],
    size: 1,
    rows: 1,
    dialect: null,
    shards: [{ index: 0, firstRow: 0, rows: 1 }],
    notes: [],
  };
  const model = { name: 'shop', version: '20261123-000000-00000000' };
  const limits = { maxRejected: 0, maxUnknown: null, maxMissing: null };
  return JSON.stringify({ formatVersion: 2, file, model, limits, usual: {}, plannedAt, candidates });
}

it('fails files of dead letters, sends lost shards again, counts what is open, and leaves dead letters where they are', async () => {
  const [dead, lost, fresh, done] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', 'cccccccccccccccc', 'dddddddddddddddd'];
  const store = memoryStore();
  const plans = [
    [dead, '2026-11-23T11:00:00Z'],
    [lost, '2026-11-23T11:00:00Z'],
    [fresh, '2026-11-23T11:59:00Z'],
    [done, '2026-11-23T11:00:00Z'],
  ] as const;
  for (const [source, plannedAt] of plans)
    await store.put(`_work/${source}/plan.json`, planOf(source ?? '', plannedAt));
  await store.put(`_work/${done}/outcome.json`, JSON.stringify({ formatVersion: 2, status: 'succeeded' }));

  const sent: string[] = [];
  const open: number[] = [];
  const letters = [{ body: shardMessageBody({ source: dead ?? '', shard: 0 }), receiptHandle: 'a' }];
  const handler = reconcileHandler({
    store,
    newWriterId: () => 'test',
    now: () => NOW,
    shards: { send: async (bodies) => void sent.push(...bodies) },
    dead: { arrivals: { read: async () => [] }, shards: { read: async () => letters } },
    resendAfterMs: 2_700_000,
    log: { info: () => undefined },
    onOpenFiles: (files) => open.push(files),
  });

  expect(await handler()).toEqual({ failed: [dead], resent: [lost], unreadable: [] });
  expect(sent).toEqual([shardMessageBody({ source: lost ?? '', shard: 0 })]);
  expect(open).toEqual([2]);
  expect(await store.head(`scores/${dead}.csv/_FAILED.json`)).not.toBeNull();
  expect(await handler()).toEqual({ failed: [dead], resent: [], unreadable: [] });
  expect(sent).toHaveLength(1);
});
