/** What a decision changes in the registry, and in which order. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { GateDecision } from '../../lib/gate/decide.ts';
import { settle } from '../../lib/gate/settle.ts';
import { currentVersion, pinVersion, promoteVersion } from '../../lib/registry/current.ts';
import { listDecisions } from '../../lib/registry/decisions.ts';
import { currentKey } from '../../lib/registry/keys.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { publishModel, VERSIONS } from '../registry/fixture.ts';

const NAME = 'hillstrom';
const AT = new Date('2026-02-01T00:00:00.000Z');
const { one, two, three } = VERSIONS;

describe('settling a decision', () => {
  let store: Store;
  /** The decision to promote a version in the place of `one`. */
  let promoted: GateDecision;

  beforeEach(async () => {
    store = memoryStore();
    await Promise.all(['one', 'two', 'three'].map((model, second) => publishModel(store, model, second)));
    const { etag } = await promoteVersion(store, NAME, one, { reason: 'first', at: AT, trainingEpoch: 3 });
    promoted = {
      verdict: 'promoted',
      reasons: ['better'],
      champion: one,
      championEtag: etag,
      window: null,
      figures: { rows: 0, conversions: 0, loss: null, guards: [], outputs: [], notes: [] },
    };
  });

  const settleAs = (version: string, decision: GateDecision, trainingEpoch = 4, into = store) =>
    settle(into, { name: NAME, version, at: AT, trainingEpoch }, decision);
  const verdicts = async () => (await listDecisions(store, NAME)).map(({ version, verdict }) => ({ version, verdict }));

  it('records it, and makes the version the current one with the epoch that it was trained under', async () => {
    expect(await settleAs(two, promoted)).toEqual(promoted);
    expect(await currentVersion(store, NAME)).toMatchObject({
      version: two,
      reason: 'gate: better',
      trainingEpoch: 4,
    });
    expect(await verdicts()).toEqual([{ version: two, verdict: 'promoted' }]);
  });

  it('records it before the promotion, so that no promotion is ever without its reasons', async () => {
    const before: unknown[] = [];
    const watched: Store = {
      ...store,
      async put(key, body, options) {
        if (key === currentKey(NAME)) before.push(await verdicts());
        return store.put(key, body, options);
      },
    };
    await settleAs(two, promoted, 4, watched);
    expect(before).toEqual([[{ version: two, verdict: 'promoted' }]]);
  });

  it('leaves the current version where the new one was refused', async () => {
    const refused: GateDecision = { ...promoted, verdict: 'refused', reasons: ['worse'] };
    expect(await settleAs(two, refused)).toEqual(refused);
    expect((await currentVersion(store, NAME))?.version).toBe(one);
    expect(await verdicts()).toEqual([{ version: two, verdict: 'refused' }]);
  });

  it('refuses, and records, a promotion over another version than the one that was compared', async () => {
    await promoteVersion(store, NAME, three, { reason: 'by hand', at: AT });
    expect(await settleAs(two, promoted)).toMatchObject({
      verdict: 'refused',
      reasons: [`another version was promoted in the meantime: ${one} was the current version when they were compared`],
    });
    expect((await currentVersion(store, NAME))?.version).toBe(three);
    expect(await verdicts()).toEqual([
      { version: two, verdict: 'promoted' },
      { version: two, verdict: 'refused' },
    ]);
  });

  it('holds a version where the current one was pinned after they were compared', async () => {
    await pinVersion(store, NAME, one, { reason: 'sale', at: AT });
    const reasons = [
      `hillstrom is pinned to ${one} since 2026-02-01T00:00:00.000Z: sale (entirespace models unpin lets runs promote again)`,
      'better',
    ];
    expect(await settleAs(two, promoted)).toEqual({ ...promoted, verdict: 'held', reasons });
    expect((await currentVersion(store, NAME))?.version).toBe(one);
    expect(await listDecisions(store, NAME)).toMatchObject([{ verdict: 'promoted' }, { verdict: 'held', reasons }]);
  });

  it('leaves the current version where the new one is held', async () => {
    const held: GateDecision = { ...promoted, verdict: 'held', reasons: ['pinned'] };
    expect(await settleAs(two, held)).toEqual(held);
    expect((await currentVersion(store, NAME))?.version).toBe(one);
    expect(await verdicts()).toEqual([{ version: two, verdict: 'held' }]);
  });

  it('refuses a version that was trained by an earlier holder of the lease than the last that promoted', async () => {
    expect((await settleAs(two, promoted, 2)).verdict).toBe('refused');
    expect((await currentVersion(store, NAME))?.version).toBe(one);
  });

  it('may be done again by a run that was ended after the promotion', async () => {
    await settleAs(two, promoted);
    expect(await settleAs(two, promoted, 5)).toEqual(promoted);
    expect(await currentVersion(store, NAME)).toMatchObject({ version: two, earlier: [{ version: one }] });
    expect(await verdicts()).toEqual([{ version: two, verdict: 'promoted' }]);
  });
});
