import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pinByHand, promoteByHand, rollBackByHand, unpinByHand } from '../../lib/registry/by-hand.ts';
import { currentVersion, promoteVersion } from '../../lib/registry/current.ts';
import { type Decision, lastGateDecision, listDecisions, recordDecision } from '../../lib/registry/decisions.ts';
import { RefusedVersionError, VersionNotFoundError } from '../../lib/registry/errors.ts';
import { listVersions } from '../../lib/registry/versions.ts';
import { InvalidRecordError } from '../../lib/store/records.ts';
import { PreconditionFailedError, type Store } from '../../lib/store/store.ts';
import { openWith, STORES, VERSIONS } from './fixture.ts';

const NAME = 'hillstrom';
const AT = new Date('2026-02-01T00:00:00.000Z');
const { one, two } = VERSIONS;

const decision = (version: string, changes: Partial<Decision> = {}): Decision => ({
  version,
  decidedAt: AT.toISOString(),
  by: 'gate',
  verdict: 'refused',
  forced: false,
  champion: one,
  reasons: ['PCOC of CTR is 3.1', 'drift is 2'],
  figures: { rows: 3, loss: null },
  ...changes,
});

describe.each(STORES)('the history in a %s', (_name, openStore) => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'decisions-'));
    store = await openWith(['one', 'two'], openStore, folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of store.list('models/hillstrom/decisions/')) found.push(key.slice(27));
    return found;
  };
  const byHand = (version: string, isForced = false) =>
    promoteByHand(store, NAME, version, { isForced, reason: 'A/B test won', at: AT });

  it('is empty at first, and is no version', async () => {
    expect(await listDecisions(store, NAME)).toEqual([]);
    await recordDecision(store, NAME, decision(two));
    expect(await listVersions(store, NAME)).toEqual([one, two]);
  });

  it('has every decision, in the order in which they were recorded, whatever the clocks said', async () => {
    const ahead = decision(one, { decidedAt: '2026-02-01T00:00:01.000Z', verdict: 'promoted' });
    for (const each of [ahead, decision(two), decision(one)]) await recordDecision(store, NAME, each);
    expect(await listDecisions(store, NAME)).toEqual([ahead, decision(two), decision(one)]);
    expect(await keys()).toEqual([
      `20260201T000001.000Z-${one}.json`,
      `20260201T000001.001Z-${two}.json`,
      `20260201T000001.002Z-${one}.json`,
    ]);
  });

  it('has each decision at its own time where the clocks agree, beside what a person put there', async () => {
    const later = decision(one, { decidedAt: '2026-02-01T00:00:01.000Z' });
    await recordDecision(store, NAME, decision(two));
    const others = [`20269999T999999.000Z-${two}.json`, 'notes.txt'];
    for (const other of others) await store.put(`models/hillstrom/decisions/${other}`, 'why');
    await recordDecision(store, NAME, later);
    const own = [`20260201T000000.000Z-${two}.json`, `20260201T000001.000Z-${one}.json`];
    expect(await keys()).toEqual([...own, ...others]);
  });

  it('has a rollback after the promotion of the same second, which is all that the clock of S3 has', async () => {
    await byHand(one);
    await byHand(two);
    await rollBackByHand(store, NAME, { reason: 'pcvr doubled', at: AT, pinned: false });
    expect((await listDecisions(store, NAME)).map(({ version, by }) => [version, by])).toEqual([
      [one, 'hand'],
      [two, 'hand'],
      [one, 'rollback'],
    ]);
  });

  it('keeps two decisions of one millisecond, and one decision once', async () => {
    const other = decision(two, { reasons: ['another version was promoted in the meantime'] });
    for (const each of [decision(two), other, decision(two)]) await recordDecision(store, NAME, each);
    expect(await listDecisions(store, NAME)).toEqual([decision(two), other]);
    expect(await keys()).toEqual([`20260201T000000.000Z-${two}.json`, `20260201T000000.001Z-${two}.json`]);
  });

  it('keeps all decisions that are recorded at the same time', async () => {
    const others = ['one', 'two', 'three'].map((reason) => decision(two, { reasons: [reason] }));
    await Promise.all(others.map((each) => recordDecision(store, NAME, each)));
    expect(await listDecisions(store, NAME)).toHaveLength(3);
    expect(await listDecisions(store, NAME)).toEqual(expect.arrayContaining(others));
  });

  it("returns the gate's last decision on a version, and none made by hand", async () => {
    await recordDecision(store, NAME, decision(two));
    await recordDecision(store, NAME, decision(two, { decidedAt: '2026-02-01T00:00:01.000Z', by: 'hand' }));
    expect(await lastGateDecision(store, NAME, two)).toEqual(decision(two));
    expect(await lastGateDecision(store, NAME, one)).toBeNull();
  });

  it('is checked when it is read, since a person may have written it', async () => {
    await store.put(`models/hillstrom/decisions/20260201T000000.000Z-${two}.json`, '{}x');
    await expect(listDecisions(store, NAME)).rejects.toThrow(
      new InvalidRecordError(
        `decision 20260201T000000.000Z-${two}.json of hillstrom is not JSON, got "{}x" (in ${store.url})`,
      ),
    );
  });

  describe('and a promotion by hand', () => {
    it('of a version that the gate never judged is recorded, the first too', async () => {
      await byHand(one);
      await promoteByHand(store, NAME, two, { isForced: false, reason: 'again', at: new Date(AT.getTime() + 1000) });
      expect(await listDecisions(store, NAME)).toMatchObject([
        { version: one, by: 'hand', verdict: 'first', forced: false, champion: null, reasons: ['A/B test won'] },
        { version: two, by: 'hand', verdict: 'promoted', forced: false, champion: one, figures: null },
      ]);
    });

    it('of a refused version says why, and changes nothing', async () => {
      await promoteVersion(store, NAME, one, { reason: 'first', at: AT });
      await recordDecision(store, NAME, decision(two));
      await expect(byHand(two)).rejects.toThrow(
        new RefusedVersionError(
          `version ${two} of model hillstrom was refused by the gate at 2026-02-01T00:00:00.000Z: PCOC of CTR is 3.1; drift is 2 (models promote --force promotes it all the same)`,
        ),
      );
      expect((await currentVersion(store, NAME))?.version).toBe(one);
      expect(await listDecisions(store, NAME)).toHaveLength(1);
    });

    it('of a refused version can be forced, which is recorded', async () => {
      await promoteVersion(store, NAME, one, { reason: 'first', at: AT });
      await recordDecision(store, NAME, decision(two));
      expect((await byHand(two, true)).current.version).toBe(two);
      expect((await listDecisions(store, NAME)).at(-1)).toMatchObject({ by: 'hand', forced: true, champion: one });
    });

    it('of the current version changes nothing and is not recorded', async () => {
      await promoteVersion(store, NAME, one, { reason: 'first', at: AT });
      expect((await byHand(one, true)).current).toMatchObject({ version: one, reason: 'first' });
      expect(await listDecisions(store, NAME)).toEqual([]);
    });

    it('of a version that is not there is not recorded', async () => {
      await expect(byHand('20260131-235959-00000000', true)).rejects.toThrow(VersionNotFoundError);
      expect(await listDecisions(store, NAME)).toEqual([]);
    });

    it('that loses a race is not recorded', async () => {
      const slow: Store = {
        ...store,
        put: async (key, body, options) => {
          if (key.endsWith('current.json')) await promoteVersion(store, NAME, one, { reason: 'gate', at: AT });
          return store.put(key, body, options);
        },
      };
      const late = promoteByHand(slow, NAME, two, { isForced: false, reason: 'hand', at: AT });
      await expect(late).rejects.toThrow(PreconditionFailedError);
      expect(await listDecisions(store, NAME)).toEqual([]);
      expect((await currentVersion(store, NAME))?.version).toBe(one);
    });
  });

  describe('and a pin by hand', () => {
    const pin = (version: string) => pinByHand(store, NAME, version, { reason: 'sale', at: AT });
    const unpin = (into = store) => unpinByHand(into, NAME, { reason: 'sale over', at: new Date(AT.getTime() + 1) });
    beforeEach(() => promoteVersion(store, NAME, one, { reason: 'first', at: AT }));

    it('is recorded, as is the end of it, with the version that was held last', async () => {
      expect((await pin(one)).current).toMatchObject({ version: one, reason: 'first', pin: { reason: 'sale' } });
      await recordDecision(store, NAME, decision(two, { verdict: 'held' }));
      const { current, held } = await unpin();
      expect([current.pin, held]).toEqual([undefined, two]);
      expect((await listDecisions(store, NAME)).map(({ by, verdict, reasons }) => [by, verdict, reasons])).toEqual([
        ['hand', 'pinned', ['sale']],
        ['gate', 'held', expect.any(Array)],
        ['hand', 'unpinned', ['sale over']],
      ]);
    });

    it('of another version makes it current, unless the gate refused it', async () => {
      await recordDecision(store, NAME, decision(two));
      await expect(pin(two)).rejects.toThrow(RefusedVersionError);
      await recordDecision(store, NAME, decision(two, { verdict: 'held', decidedAt: '2026-02-01T00:00:01.000Z' }));
      const { current, before } = await pin(two);
      expect([current.version, before?.version]).toEqual([two, one]);
    });

    it('that is not there changes nothing, and nothing is recorded', async () => {
      expect(await unpin()).toMatchObject({ current: { version: one }, held: null });
      expect(await listDecisions(store, NAME)).toEqual([]);
    });

    it('that loses a race is not recorded', async () => {
      const overtaken: Store = {
        ...store,
        put: async (key, body, options) => {
          if (key.endsWith('current.json')) await promoteVersion(store, NAME, two, { reason: 'gate', at: AT });
          return store.put(key, body, options);
        },
      };
      const late = pinByHand(overtaken, NAME, one, { reason: 'sale', at: AT });
      await expect(late).rejects.toThrow(PreconditionFailedError);
      expect(await currentVersion(store, NAME)).not.toHaveProperty('pin');
      expect(await listDecisions(store, NAME)).toEqual([]);

      await pin(two);
      const unpinned = {
        ...store,
        put: async (key: string, body: Uint8Array | string, options?: Parameters<Store['put']>[2]) => {
          if (key.endsWith('current.json')) await promoteVersion(store, NAME, one, { reason: 'hand', at: AT });
          return store.put(key, body, options);
        },
      };
      await expect(unpin(unpinned)).rejects.toThrow(PreconditionFailedError);
      expect((await listDecisions(store, NAME)).map(({ verdict }) => verdict)).toEqual(['pinned']);
      expect(await currentVersion(store, NAME)).toMatchObject({ version: one, pin: { reason: 'sale' } });
    });
  });

  describe('and a damaged current.json', () => {
    beforeEach(() => store.put('models/hillstrom/current.json', '{}x'));

    it('is not replaced unless that is forced', async () => {
      await expect(byHand(one)).rejects.toThrow(
        new InvalidRecordError(
          `current.json of hillstrom is not JSON, got "{}x" (in ${store.url}); entirespace models promote <version> --model hillstrom --force writes it anew`,
        ),
      );
    });

    it('is written anew by force, which is recorded and says what was wrong', async () => {
      const { current, damage } = await byHand(two, true);
      expect(damage).toMatch(/^current\.json of hillstrom is not JSON, got "{}x"/);
      expect(await currentVersion(store, NAME)).toEqual(current);
      expect(current).toMatchObject({ version: two, earlier: [] });
      expect(await listDecisions(store, NAME)).toMatchObject([
        { version: two, by: 'hand', forced: true, champion: null },
      ]);
    });
  });

  it('has rollbacks, with the version that they took back', async () => {
    for (const version of [one, two]) await promoteVersion(store, NAME, version, { reason: 'gate', at: AT });
    await rollBackByHand(store, NAME, { reason: 'pcvr doubled', at: AT, pinned: true });
    expect(await listDecisions(store, NAME)).toMatchObject([
      {
        version: one,
        by: 'rollback',
        verdict: 'promoted',
        champion: two,
        reasons: ['pcvr doubled', 'pinned: no training run promotes until models unpin'],
      },
    ]);
    await expect(rollBackByHand(store, NAME, { reason: '', at: AT, pinned: false })).rejects.toThrow(
      VersionNotFoundError,
    );
    expect(await listDecisions(store, NAME)).toHaveLength(1);
  });
});
