/** What is recorded and said of values that the model is not told, and when they make a file fail. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { partReceiptKey, receiptKey, workPartKey } from '../../../lib/contract/bucket.ts';
import type { CurrentModel } from '../../../lib/scoring/protocol/ports.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import type { ValueCounts } from '../../../lib/table/encode/value-counts.ts';
import { checkShown, see } from '../world/invariants.ts';
import { directTools, runToPlan, runWhole, shardWork } from '../world/steps.ts';
import { fakeFiles, KEY, MODEL, putCandidate, type Shards } from '../world/world.ts';

const USUAL = {
  item: { missing: 0, unknown: 0 },
  history: { missing: 0.3, unknown: 0 },
  age: { missing: 0.02, unknown: 0 },
  position: { missing: 1, unknown: 0 },
};

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function counts(rows: number, missing: number, unknown: number | null, values = rows - missing): ValueCounts {
  return { rows, missing, values, unknown };
}

/** A shard in which the counts of some features are not those of training. */
function shard(rows: number, features: Readonly<Record<string, ValueCounts>>, repeatedKeys = 0): Shards[number] {
  return {
    scored: rows,
    rejected: 0,
    features: {
      item: counts(rows, 0, 0),
      history: counts(rows, Math.floor(0.3 * rows), 0),
      age: counts(rows, 0, null),
      position: counts(rows, rows, 0),
      ...features,
    },
    repeatedKeys,
  };
}

async function finished(shards: Shards, limits: Partial<CurrentModel['limits']> = {}) {
  const store = memoryStore();
  const file = await putCandidate(store, 1);
  await runWhole(store, file, shards, { ...MODEL, usual: USUAL, limits: { ...MODEL.limits, ...limits } });
  const { manifest, failure } = see(store);
  checkShown(store, file.source, failure === null ? 'succeeded' : 'failed');
  return { store, file, manifest, failure };
}

const UNKNOWN = { item: counts(500, 0, 500), history: counts(500, 0, 1200, 1200) };

describe('the manifest of a scored file', () => {
  it('has the counts of all shards, beside the shares that are usual', async () => {
    const { manifest } = await finished([shard(10, { item: counts(10, 1, 2) }), shard(5, { item: counts(5, 2, 1) })]);
    expect(manifest?.features).toEqual({
      item: { rows: 15, missing: 3, values: 12, unknown: 3, usual: USUAL.item },
      history: { rows: 15, missing: 4, values: 11, unknown: 0, usual: USUAL.history },
      age: { rows: 15, missing: 0, values: 15, unknown: null, usual: USUAL.age },
      position: { rows: 15, missing: 15, values: 0, unknown: 0, usual: USUAL.position },
    });
  });

  it('says which shares are unusual', async () => {
    const notes = async (...shards: Shards) => (await finished(shards)).manifest?.notes;
    expect(await notes(shard(500, {}))).toEqual([]);
    expect(await notes(shard(500, UNKNOWN))).toEqual(['item: 100% unknown, history: 100% unknown (0% in training)']);
    expect(await notes(shard(500, { age: counts(500, 500, null), item: counts(500, 0, 61) }))).toEqual([
      'item: 12.2% unknown (0% in training), age: 100% missing (2% in training)',
    ]);
    // 10 points more are not unusual, and neither is one row, as that of a canary.
    expect(await notes(shard(500, { item: counts(500, 0, 50), age: counts(500, 60, null) }))).toEqual([]);
    expect(await notes(shard(1, { item: counts(1, 0, 1) }))).toEqual([]);
  });

  it('says how many rows repeat keys, within their shard', async () => {
    const notes = async (...shards: Shards) => (await finished(shards)).manifest?.notes;
    expect(await notes(shard(400, {}, 100))).toEqual(['100 rows repeat the keys of another row']);
    expect(await notes(shard(400, {}, 1), shard(4, {}, 0))).toEqual([
      '1 row repeats the keys of another row of the same shard',
    ]);
  });

  it('is the same where a model has too many features for the metadata of a part', async () => {
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`feature_${i}`, counts(8, 1, 2)]));
    const shards = [shard(8, wide), shard(8, wide)];
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, shards);
    const files = fakeFiles(shards);
    await shardWork(file, 0, files)(directTools(store));
    // As if the process had been killed after the part: the receipt is read where the part says.
    await store.delete(receiptKey(file.source, 0));
    const { metadata, body } = await store.get(workPartKey(file.source, 0));
    expect(metadata).toEqual({
      'receipt-key': partReceiptKey(file.source, sha256Of(body)),
      writer: expect.any(String),
    });
    await shardWork(file, 0, files)(directTools(store));
    await shardWork(file, 1, files)(directTools(store));
    checkShown(store, file.source, 'succeeded');
    expect(Object.keys(see(store).manifest?.features ?? {})).toHaveLength(304);
    expect(see(store).manifest?.features.feature_299).toMatchObject({ rows: 16, missing: 2, values: 14, unknown: 4 });
  });
});

describe('a file fails', () => {
  it('whose feature has more unknown values than is declared', async () => {
    const { failure } = await finished([shard(500, UNKNOWN)], { maxUnknown: 0.5 });
    expect(failure).toMatchObject({
      reason: 'too_many_unknown',
      message: `${KEY}: item is unknown in 500 of 500 values (100%), at most 50% allowed; 0% in training; also history 100%`,
      details: { feature: 'item', share: 1, limit: 0.5, inTraining: 0 },
    });
    expect((await finished([shard(500, UNKNOWN)], { maxUnknown: 1 })).failure).toBeNull();
  });

  it('which lacks more values of a feature than is declared, unless the declaration scores it as missing', async () => {
    const { failure } = await finished([shard(500, { age: counts(500, 300, null) })], { maxMissing: 0.4 });
    expect(failure).toMatchObject({
      reason: 'too_many_missing',
      message: `${KEY}: age is missing in 300 of 500 rows (60%), at most 40% allowed; 2% in training`,
    });
    expect((await finished([shard(500, { age: counts(500, 200, null) })], { maxMissing: 0.4 })).failure).toBeNull();
  });
});
