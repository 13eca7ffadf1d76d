import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VersionNotFoundError } from '../../lib/registry/errors.ts';
import { publishVersion } from '../../lib/registry/publish.ts';
import { listModels, listVersions, readManifest } from '../../lib/registry/versions.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { FACTS, modelFiles, publishModel, STORES, VERSIONS, writeModelFolder } from './fixture.ts';

const CREATED_AT = new Date('2026-01-31T23:59:00.500Z');

describe.each(STORES)('publishing to a %s', (_name, openStore) => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'publish-'));
    store = openStore(folder);
    await writeModelFolder(join(folder, 'model'), modelFiles('one'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const publish = (to = store) =>
    publishVersion(to, { name: 'hillstrom', folder: join(folder, 'model'), facts: FACTS, createdAt: CREATED_AT });

  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of store.list('')) found.push(key);
    return found;
  };

  it('names the version by its second and its model, and stores every file', async () => {
    expect(await publish()).toBe(VERSIONS.one);
    const files = ['declaration.yaml', 'encoder.json', 'inputs.json', 'manifest.json', 'metrics.json', 'model.onnx'];
    expect(await keys()).toEqual(
      [...files, 'probe.json', 'vocabularies/item.parquet'].map((file) => `models/hillstrom/${VERSIONS.one}/${file}`),
    );
    expect((await store.get(`models/hillstrom/${VERSIONS.one}/model.onnx`)).body).toEqual(
      new TextEncoder().encode('one'),
    );
  });

  it('succeeds if the client repeats the last write because the response was lost', async () => {
    const repeating: Store = {
      ...store,
      put: async (key, body, options) => {
        await store.put(key, body, options);
        return store.put(key, body, options);
      },
    };
    expect(await publish(repeating)).toBe(VERSIONS.one);
    expect(await listVersions(store, 'hillstrom')).toEqual([VERSIONS.one]);
  });

  it('writes a manifest with the facts, and size and sha256 of each file', async () => {
    const manifest = await readManifest(store, 'hillstrom', await publish());
    expect(manifest).toMatchObject({
      ...FACTS,
      formatVersion: 1,
      name: 'hillstrom',
      version: VERSIONS.one,
      createdAt: '2026-01-31T23:59:00.500Z',
      // printf 'name: hillstrom\n' | sha256sum
      declarationSha256: '3d2013d388486bbc0aacaa8fff3869687cd66c946a57b915b7495cafcf986021',
    });
    expect(Object.keys(manifest.files)).toEqual(Object.keys(modelFiles('')));
    // printf one | sha256sum
    expect(manifest.files['model.onnx']).toEqual({
      bytes: 3,
      sha256: '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',
    });
  });

  it('refuses to publish a version twice', async () => {
    await publish();
    await expect(publish()).rejects.toThrow(
      new Error(`version ${VERSIONS.one} of model hillstrom exists already in ${store.url}`),
    );
  });

  it('has one winner among two at once', async () => {
    const results = await Promise.allSettled([publish(), publish()]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await listVersions(store, 'hillstrom')).toEqual([VERSIONS.one]);
  });

  it('shows nothing whichever write fails, and completes when repeated', async () => {
    const writes = Object.keys(modelFiles('')).length + 1;
    for (let allowed = 0; allowed < writes; allowed += 1) {
      await expect(publish(failingAfter(store, allowed))).rejects.toThrow('connection lost');
      expect(await listVersions(store, 'hillstrom')).toEqual([]);
      expect(await listModels(store)).toEqual([]);
      await expect(readManifest(store, 'hillstrom', VERSIONS.one)).rejects.toThrow(VersionNotFoundError);
      // A folder is tidied, for its disk may be full.
      expect(await keys()).toHaveLength(store.hasFiles ? 0 : allowed);
    }
    expect(await publish()).toBe(VERSIONS.one);
    expect(await listVersions(store, 'hillstrom')).toEqual([VERSIONS.one]);
  });

  it('does not overwrite a file of the same version with other content', async () => {
    const key = `models/hillstrom/${VERSIONS.one}/inputs.json`;
    await store.put(key, 'other');
    await expect(publish()).rejects.toThrow(`${key} in ${store.url} exists already`);
    expect(await listVersions(store, 'hillstrom')).toEqual([]);
  });

  it('names every file that the folder lacks', async () => {
    await rm(join(folder, 'model/inputs.json'));
    await rm(join(folder, 'model/model.onnx'));
    await expect(publish()).rejects.toThrow(
      new Error(`model files missing: model.onnx, inputs.json (in ${join(folder, 'model')})`),
    );
  });

  it('refuses a folder that has a manifest of its own', async () => {
    await writeModelFolder(join(folder, 'model'), { 'manifest.json': '{}' });
    await expect(publish()).rejects.toThrow(
      new Error(`manifest.json is written by publishing, got one in ${join(folder, 'model')}`),
    );
  });

  it('refuses facts that no reader would take, before anything is stored', async () => {
    const facts = { ...FACTS, encoderProbeSha256: 'no' };
    const publication = { name: 'hillstrom', folder: join(folder, 'model'), facts, createdAt: CREATED_AT };
    await expect(publishVersion(store, publication)).rejects.toThrow(
      `manifest of hillstrom ${VERSIONS.one} is not valid: encoderProbeSha256: expected 64 hexadecimal digits`,
    );
    expect(await keys()).toEqual([]);
  });

  it.each(['../x', 'a/b', 'Hill', '', '-a'])('refuses the model name %j', async (name) => {
    const publication = { name, folder: join(folder, 'model'), facts: FACTS, createdAt: CREATED_AT };
    await expect(publishVersion(store, publication)).rejects.toThrow(
      new RangeError(`model name must be of a-z, 0-9 and - and not begin with -, got ${name}`),
    );
  });
});

describe('a registry', () => {
  it('lists models and versions in order', async () => {
    const store = memoryStore();
    await publishModel(store, 'two', 1);
    await publishModel(store, 'one', 0);
    await store.put('models/half/20260131-235900-00000000/model.onnx', '');
    await store.put('models/odd/readme/manifest.json', '{}');
    expect(await listModels(store)).toEqual(['hillstrom']);
    expect(await listVersions(store, 'hillstrom')).toEqual([VERSIONS.one, VERSIONS.two]);
    expect(await listVersions(store, 'other')).toEqual([]);
  });

  it('does not take a model for another whose name it begins with', async () => {
    const store = memoryStore();
    await publishModel(store, 'one');
    expect(await listVersions(store, 'hill')).toEqual([]);
  });
});

/** The store, with a number of writes after which every further one fails. */
function failingAfter(store: Store, allowed: number): Store {
  let writes = 0;
  const failing =
    <Arguments extends readonly unknown[], Result>(write: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments) => {
      writes += 1;
      if (writes > allowed) throw new Error('connection lost');
      return write(...args);
    };
  return { ...store, put: failing(store.put), putFile: failing(store.putFile) };
}
