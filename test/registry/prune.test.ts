import { beforeEach, describe, expect, it } from 'vitest';
import { pinVersion, promoteVersion } from '../../lib/registry/current.ts';
import { listDecisions, recordDecision } from '../../lib/registry/decisions.ts';
import { pruneVersions } from '../../lib/registry/prune.ts';
import { listVersions, problemOf } from '../../lib/registry/versions.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { InvalidRecordError } from '../../lib/store/records.ts';
import type { Store } from '../../lib/store/store.ts';
import { modelFiles, openWith, VERSIONS } from './fixture.ts';

const NAME = 'hillstrom';
const AT = new Date('2026-02-03T00:00:00.000Z');
const { one, two, three } = VERSIONS;
const FILES = Object.keys(modelFiles('one')).length + 1;

describe('pruning', () => {
  let store: Store;
  beforeEach(async () => {
    store = await openWith(['one', 'two', 'three'], () => memoryStore(), '');
  });

  const prune = (keep: number, { needed = [] as string[], isDryRun = false, at = AT } = {}) =>
    pruneVersions(store, NAME, { keep, needed: new Set(needed), at, isDryRun });
  const removedBy = async (...args: Parameters<typeof prune>) =>
    (await prune(...args)).removed.map(({ version }) => version);
  const promote = async (...versions: readonly string[]) => {
    for (const version of versions) await promoteVersion(store, NAME, version, { reason: '', at: AT });
  };

  it('keeps the newest versions, and says what is removed', async () => {
    const { kept, removed } = await prune(1);
    expect(kept).toEqual([{ version: three, why: 'new' }]);
    expect(removed.map(({ version, files }) => [version, files])).toEqual([
      [one, FILES],
      [two, FILES],
    ]);
    expect(removed[0]?.bytes).toBeGreaterThan(1000);
    expect(await listVersions(store, NAME)).toEqual([three]);
    for (const version of [one, two])
      expect((await store.list(`models/${NAME}/${version}/`)[Symbol.asyncIterator]().next()).done).toBe(true);
  });

  it('only tells so where that is asked', async () => {
    expect(await removedBy(2, { isDryRun: true })).toEqual([one]);
    expect(await listVersions(store, NAME)).toEqual([one, two, three]);
  });

  it('keeps the current version, that of a rollback, and those that are needed', async () => {
    await promote(two, one);
    expect(await prune(1)).toEqual({
      kept: [
        { version: one, why: 'the current version' },
        { version: two, why: 'a rollback brings it back' },
        { version: three, why: 'new' },
      ],
      removed: [],
    });
    await promote(three);
    expect((await prune(1, { needed: [two] })).kept).toEqual([
      { version: one, why: 'a rollback brings it back' },
      { version: two, why: 'a file that is being scored needs it' },
      { version: three, why: 'the current version' },
    ]);
    expect(await removedBy(1)).toEqual([two]);
  });

  it('keeps the version that a rollback takes where the one before is damaged', async () => {
    await promote(one, two, three);
    await store.delete(`models/${NAME}/${two}/model.onnx`);
    expect(await removedBy(1)).toEqual([two]);
  });

  it('removes what an interrupted publication left, once it cannot be under way any more', async () => {
    await store.delete(`models/${NAME}/${one}/manifest.json`);
    expect(await removedBy(2, { at: new Date('2026-02-01T23:58:59.000Z') })).toEqual([]);
    expect(await removedBy(2)).toEqual([one]);
  });

  it('removes nothing where it cannot be told which version is current', async () => {
    await store.put(`models/${NAME}/current.json`, '{}x');
    await expect(prune(1)).rejects.toThrow(InvalidRecordError);
    expect(await listVersions(store, NAME)).toEqual([one, two, three]);
  });

  it('keeps a version that is promoted meanwhile, and takes the manifest first', async () => {
    const deleted: string[] = [];
    const busy: Store = {
      ...store,
      async delete(key) {
        if (deleted.length === 0) await promote(two);
        deleted.push(key);
        return store.delete(key);
      },
    };
    const { kept } = await pruneVersions(busy, NAME, { keep: 1, needed: new Set(), at: AT, isDryRun: false });
    expect(kept).toContainEqual({ version: two, why: 'the current version' });
    expect(deleted[0]).toBe(`models/${NAME}/${one}/manifest.json`);
    expect(await listVersions(store, NAME)).toEqual([two, three]);
  });

  it('keeps what becomes that of a rollback meanwhile', async () => {
    await promote(two);
    let isFirst = true;
    const busy: Store = {
      ...store,
      async delete(key) {
        if (isFirst) await promote(three);
        isFirst = false;
        return store.delete(key);
      },
    };
    const { kept } = await pruneVersions(busy, NAME, { keep: 1, needed: new Set(), at: AT, isDryRun: false });
    expect(kept).toEqual([
      { version: two, why: 'a rollback brings it back' },
      { version: three, why: 'the current version' },
    ]);
    expect(await listVersions(store, NAME)).toEqual([two, three]);
  });

  it('keeps the version that a pin holds back, and every decision', async () => {
    const decision = { decidedAt: AT.toISOString(), by: 'gate', forced: false, reasons: [], figures: null } as const;
    await promote(one);
    await recordDecision(store, NAME, { ...decision, version: two, verdict: 'held', champion: one });
    await recordDecision(store, NAME, { ...decision, version: three, verdict: 'refused', champion: one });
    const decisions = await listDecisions(store, NAME);
    expect(await removedBy(1)).toEqual([two]);
    expect(await listDecisions(store, NAME)).toEqual(decisions);

    store = await openWith(['one', 'two', 'three'], () => memoryStore(), '');
    await pinVersion(store, NAME, one, { reason: '', at: AT });
    await recordDecision(store, NAME, { ...decision, version: two, verdict: 'held', champion: one });
    expect((await prune(1)).kept).toEqual([
      { version: one, why: 'the current version' },
      { version: two, why: 'the pin holds it back' },
      { version: three, why: 'new' },
    ]);
  });

  it('may run twice at once', async () => {
    await promote(two);
    const [first, second] = await Promise.all([prune(1), prune(1)]);
    expect(first.kept).toEqual(second.kept);
    expect(await listVersions(store, NAME)).toEqual([two, three]);
    expect(await removedBy(1)).toEqual([]);
    expect(await problemOf(store, NAME, two)).toBeNull();
  });

  it('goes on after an interruption, which leaves no version that could be used', async () => {
    await promote(three);
    let left = 3;
    const dying: Store = {
      ...store,
      async delete(key) {
        if (left === 0) throw new Error('killed');
        left -= 1;
        return store.delete(key);
      },
    };
    const options = { keep: 1, needed: new Set<string>(), at: AT, isDryRun: false };
    await expect(pruneVersions(dying, NAME, options)).rejects.toThrow('killed');
    expect(await listVersions(store, NAME)).toEqual([two, three]);
    const { removed } = await prune(1);
    expect(removed.map(({ version }) => version)).toEqual([two, one]);
    for (const version of [one, two])
      expect((await store.list(`models/${NAME}/${version}/`)[Symbol.asyncIterator]().next()).done).toBe(true);
  });

  it('never removes what is left of the current version, even without its manifest', async () => {
    await promote(two);
    await store.delete(`models/${NAME}/${two}/manifest.json`);
    expect(await removedBy(1)).toEqual([one]);
    expect(await store.head(`models/${NAME}/${two}/model.onnx`)).not.toBeNull();
  });
});
