import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  currentVersion,
  pinVersion,
  promoteVersion,
  replaceDamagedCurrent,
  rollbackVersion,
  unpinVersion,
} from '../../lib/registry/current.ts';
import { VersionNotFoundError } from '../../lib/registry/errors.ts';
import { showVersion } from '../../lib/registry/show-version.ts';
import { InvalidRecordError } from '../../lib/store/records.ts';
import { PreconditionFailedError, type Store } from '../../lib/store/store.ts';
import { openWith, STORES, VERSIONS } from './fixture.ts';

const NAME = 'hillstrom';
const AT = new Date('2026-02-01T00:00:00.000Z');
const KEY = 'models/hillstrom/current.json';
const { one, two, three } = VERSIONS;

describe.each(STORES)('the current version in a %s', (_name, openStore) => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'current-'));
    store = await openWith(['one', 'two', 'three'], openStore, folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const promote = (version: string, expected?: string | null) =>
    promoteVersion(store, NAME, version, {
      reason: `gate: ${version}`,
      at: AT,
      ...(expected !== undefined && { expected }),
    });
  const rollback = () => rollbackVersion(store, NAME, { reason: 'alarm', at: AT });
  const current = async () => (await currentVersion(store, NAME))?.version;

  it('is null until one is promoted', async () => {
    expect(await currentVersion(store, NAME)).toBeNull();
    expect((await showVersion(store, NAME, one)).isCurrent).toBe(false);
  });

  it('is the one that was promoted last, with the reason and what was before', async () => {
    await promote(one);
    const promoted = await promote(two);
    expect(promoted).toEqual({
      version: two,
      reason: `gate: ${two}`,
      promotedAt: '2026-02-01T00:00:00.000Z',
      earlier: [{ version: one, reason: `gate: ${one}`, promotedAt: '2026-02-01T00:00:00.000Z' }],
      etag: (await store.head(KEY))?.etag,
    });
    expect(await currentVersion(store, NAME)).toEqual(promoted);
    expect(await showVersion(store, NAME, two)).toMatchObject({
      isCurrent: true,
      bytes: 31,
      manifest: { version: two },
    });
  });

  it('stays untouched where it is promoted again', async () => {
    const first = await promote(one);
    expect(await promoteVersion(store, NAME, one, { reason: 'again', at: new Date() })).toEqual(first);
  });

  it('remembers the last 30 before it', async () => {
    for (let round = 0; round < 17; round += 1) {
      await promote(one);
      await promote(two);
    }
    expect((await currentVersion(store, NAME))?.earlier.map(({ version }) => version)).toEqual(
      Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? one : two)),
    );
  });

  it('cannot be one that was never published', async () => {
    await expect(promote('20260131-235959-00000000')).rejects.toThrow(
      new VersionNotFoundError(
        `no version 20260131-235959-00000000 of model hillstrom in ${store.url}; there are: ${one}, ${two}, ${three}`,
      ),
    );
    await expect(promoteVersion(store, 'other', one, { reason: '', at: AT })).rejects.toThrow(
      `no version ${one} of model other in ${store.url}; it has none`,
    );
    expect(await currentVersion(store, NAME)).toBeNull();
  });

  it('cannot be one whose publication stopped half-way', async () => {
    await store.delete(`models/hillstrom/${one}/manifest.json`);
    await expect(promote(one)).rejects.toThrow(
      new VersionNotFoundError(
        `version ${one} of model hillstrom in ${store.url} was never completed: it has files, but no manifest`,
      ),
    );
  });

  it.each(['latest', '../hillstrom', one.toUpperCase().replace('-', '/')])('cannot be %s', async (version) => {
    await expect(promote(version)).rejects.toThrow(
      new RangeError(`model version must be like 20260131-235959-0123abcd, got ${version}`),
    );
  });

  describe('with an expectation', () => {
    it('moves where nothing came in between', async () => {
      const { etag } = await promote(one, null);
      await promote(two, etag);
      expect(await current()).toBe(two);
    });

    it('refuses where another promotion came first', async () => {
      const { etag } = await promote(one);
      await expect(promote(two, null)).rejects.toThrow(new PreconditionFailedError(KEY, store.url, 'ifAbsent'));
      await promote(two, etag);
      await expect(promote(three, etag)).rejects.toThrow(new PreconditionFailedError(KEY, store.url, 'ifMatch'));
      expect(await current()).toBe(two);
    });

    it.each([
      ['from the first', null],
      ['from one', one],
    ])('has one winner in a race, %s', async (_start, start) => {
      const expected = start === null ? null : (await promote(start)).etag;
      const results = await Promise.allSettled([promote(two, expected), promote(three, expected)]);
      const lost = results.filter((result) => result.status === 'rejected');
      expect(lost.map(({ reason }) => reason)).toEqual([expect.any(PreconditionFailedError)]);
      expect(await current()).toBe(results[0]?.status === 'fulfilled' ? two : three);
    });
  });

  describe('of a training lease', () => {
    const promoteAs = async (trainingEpoch: number, version: string, expected?: string | null) =>
      promoteVersion(store, NAME, version, {
        reason: 'gate',
        at: AT,
        trainingEpoch,
        ...(expected !== undefined && { expected }),
      });

    it('is not what an earlier holder would promote, even with the right expectation', async () => {
      const { etag } = await promoteAs(7, one, null);
      await expect(promoteAs(6, two, etag)).rejects.toThrow(new PreconditionFailedError(KEY, store.url, 'ifMatch'));
      expect(await current()).toBe(one);
      await promoteAs(7, two, etag);
      await promoteAs(8, three);
      expect(await currentVersion(store, NAME)).toMatchObject({ version: three, trainingEpoch: 8 });
    });

    it('is remembered through promotions and rollbacks by hand', async () => {
      await promoteAs(7, one);
      await promote(two);
      await rollback();
      expect(await currentVersion(store, NAME)).toMatchObject({ version: one, trainingEpoch: 7 });
      await expect(promoteAs(6, three)).rejects.toThrow(PreconditionFailedError);
    });
  });

  it('without an expectation, keeps every promotion of a race', async () => {
    await Promise.all([promote(one), promote(two), promote(three)]);
    const end = await currentVersion(store, NAME);
    expect([end?.version, ...(end?.earlier ?? []).map(({ version }) => version)].sort()).toEqual([one, two, three]);
  });

  it('counts a promotion as done if its response was lost', async () => {
    const { etag } = await promote(one);
    const deaf: Store = {
      ...store,
      async put(key, body, options) {
        await store.put(key, body, options);
        throw new PreconditionFailedError(key, store.url, 'ifMatch');
      },
    };
    const options = { reason: 'gate', at: AT, expected: etag };
    expect((await promoteVersion(deaf, NAME, two, options)).version).toBe(two);
  });

  describe('rolled back', () => {
    it('is the one before, and again the one before that', async () => {
      for (const version of [one, two, three]) await promote(version);
      expect(await rollback()).toMatchObject({ version: two, reason: 'alarm', earlier: [{ version: one }] });
      expect(await rollback()).toMatchObject({ version: one, earlier: [] });
      await expect(rollback()).rejects.toThrow(
        new VersionNotFoundError(`model hillstrom has no version before ${one} in ${store.url}`),
      );
      expect(await current()).toBe(one);
    });

    it('goes back once where two do so at the same time', async () => {
      for (const version of [one, two, three]) await promote(version);
      const expected = (await currentVersion(store, NAME))?.etag ?? null;
      const options = (reason: string) => ({ reason, at: AT, expected });
      const results = await Promise.allSettled([
        rollbackVersion(store, NAME, options('alarm')),
        rollbackVersion(store, NAME, options('page')),
      ]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await current()).toBe(two);
    });

    it('is not repeated where a promotion came first', async () => {
      for (const version of [one, two]) await promote(version);
      const overtaken: Store = {
        ...store,
        async put(key, body, options) {
          await promote(three);
          return store.put(key, body, options);
        },
      };
      const late = rollbackVersion(overtaken, NAME, { reason: 'alarm', at: AT });
      await expect(late).rejects.toThrow(new PreconditionFailedError(KEY, store.url, 'ifMatch'));
      expect(await current()).toBe(three);
    });

    it('says that there is no current version', async () => {
      await expect(rollback()).rejects.toThrow(
        new VersionNotFoundError(`model hillstrom has no current version in ${store.url}`),
      );
    });

    it('passes over versions that were removed since, or of which a file is missing, and over the current one', async () => {
      for (const version of [one, two, three, one, two, one, three]) await promote(version);
      await store.delete(`models/hillstrom/${one}/manifest.json`);
      await store.delete(`models/hillstrom/${two}/model.onnx`);
      const passedOver = [
        { version: one, problem: 'its files are gone' },
        { version: two, problem: 'model.onnx is missing' },
        { version: one, problem: 'its files are gone' },
        { version: two, problem: 'model.onnx is missing' },
        { version: one, problem: 'its files are gone' },
      ];
      await expect(rollback()).rejects.toThrow(
        new VersionNotFoundError(
          `model hillstrom has no version before ${three} in ${store.url} that can be used (${passedOver.map(({ version, problem }) => `${version}: ${problem}`).join('; ')})`,
        ),
      );
      expect(await current()).toBe(three);
      await promote(two);
      expect(await rollback()).toMatchObject({ version: three, passedOver: [], earlier: { length: 6 } });
      await store.put(`models/hillstrom/${two}/model.onnx`, 'two');
      expect(await rollback()).toMatchObject({ version: two, passedOver: [passedOver[0]] });
    });

    it('is pinned, unless that is not asked for', async () => {
      for (const version of [one, two, three]) await promote(version);
      const options = { reason: 'alarm', at: AT };
      expect((await rollbackVersion(store, NAME, options)).pin).toEqual({
        reason: 'alarm',
        pinnedAt: AT.toISOString(),
      });
      expect(await rollbackVersion(store, NAME, { ...options, pinned: false })).not.toHaveProperty('pin');
    });
  });

  describe('that is pinned', () => {
    const pin = { reason: 'sale', pinnedAt: AT.toISOString() };
    const pinned = (version: string) => pinVersion(store, NAME, version, { reason: 'sale', at: AT });

    it('keeps the reason for which it became current', async () => {
      await promote(one);
      expect(await pinned(one)).toMatchObject({ version: one, reason: `gate: ${one}`, earlier: [], pin });
      expect(await currentVersion(store, NAME)).toMatchObject({ version: one, pin });
    });

    it('may be another than was current, and the first one', async () => {
      expect(await pinned(one)).toMatchObject({ version: one, earlier: [], pin });
      expect(await pinned(two)).toMatchObject({ version: two, reason: 'sale', earlier: [{ version: one }], pin });
    });

    it('hands its pin to the version that is promoted in its place', async () => {
      await pinned(one);
      expect(await promote(two)).toMatchObject({ version: two, pin });
    });

    it('makes a promotion fail that was decided before', async () => {
      const { etag } = await promote(one);
      await pinned(one);
      await expect(promote(two, etag)).rejects.toThrow(new PreconditionFailedError(KEY, store.url, 'ifMatch'));
    });

    it('is free again when it is unpinned', async () => {
      await expect(unpinVersion(store, NAME, { reason: '', at: AT })).rejects.toThrow(
        new VersionNotFoundError(`model hillstrom has no current version in ${store.url}`),
      );
      const { etag: _, pin: __, ...before } = await pinned(one);
      const { etag, ...after } = await unpinVersion(store, NAME, { reason: '', at: AT });
      expect(after).toEqual(before);
      expect((await unpinVersion(store, NAME, { reason: '', at: AT })).etag).toBe(etag);
    });
  });

  it('is not written anew by a person who saw it damaged when it has been mended', async () => {
    await promote(one);
    await expect(replaceDamagedCurrent(store, NAME, two, { reason: 'damaged', at: AT })).rejects.toThrow(
      new PreconditionFailedError(KEY, store.url, 'ifMatch'),
    );
    expect(await current()).toBe(one);
  });

  it('is checked when it is read, since a person may have written it', async () => {
    await store.put(KEY, '{"formatVersion": 1, "version": 3}');
    await expect(currentVersion(store, NAME)).rejects.toThrow(
      new InvalidRecordError(
        'current.json of hillstrom is not valid: version: invalid input: expected string, received number; ' +
          'reason: missing, expected string; ' +
          'promotedAt: missing, expected string; ' +
          `earlier: missing, expected array (in ${store.url}); ` +
          'entirespace models promote <version> --model hillstrom --force writes it anew',
      ),
    );
  });
});
