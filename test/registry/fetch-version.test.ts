import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelCorruptedError, NoRoomForVersionError, VersionNotFoundError } from '../../lib/registry/errors.ts';
import { beginFetch, fetchVersion } from '../../lib/registry/fetch-version.ts';
import { fileStore } from '../../lib/store/folder/file-store.ts';
import { type MemoryStore, memoryStore } from '../../lib/store/memory-store.ts';
import { InvalidRecordError } from '../../lib/store/records.ts';
import type { Store } from '../../lib/store/store.ts';
import { modelFiles, openWith, publishModel, STORES, VERSIONS } from './fixture.ts';

const NAME = 'hillstrom';
const VERSION = VERSIONS.one;
const PREFIX = `models/hillstrom/${VERSION}/`;
// printf one | sha256sum; printf eno | sha256sum
const SHA256_ONE = '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';
const SHA256_ENO = '863613c4458cb474d3cf9dd4cad2664bc0a523e0de13247ceb1177ee98340f39';

let folder: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-'));
  cache = join(folder, 'cache');
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(STORES)('fetching from a %s', (_name, openStore) => {
  let store: Store;

  beforeEach(async () => {
    store = await openWith(['one'], openStore, folder);
  });

  const fetch = () => fetchVersion(store, NAME, VERSION, cache);

  it('gives a folder with every file of the version under its own name', async () => {
    const local = await fetch();
    for (const [path, content] of Object.entries(modelFiles('one')))
      expect(await readFile(join(local, path), 'utf8')).toBe(content);
    expect(await fetch()).toBe(local);
  });

  it('refuses a file of other content', async () => {
    await store.put(`${PREFIX}model.onnx`, 'eno');
    await expect(fetch()).rejects.toThrow(
      new ModelCorruptedError(
        `hillstrom ${VERSION} does not match its manifest: ` +
          `model.onnx: sha256 got ${SHA256_ENO}, expected ${SHA256_ONE} (in ${store.url})`,
      ),
    );
  });

  it('names every file that is missing, and every one too many', async () => {
    await store.delete(`${PREFIX}inputs.json`);
    await store.delete(`${PREFIX}vocabularies/item.parquet`);
    await store.put(`${PREFIX}vocabularies/extra.parquet`, 'PAR1');
    await expect(fetch()).rejects.toThrow(
      new ModelCorruptedError(
        `hillstrom ${VERSION} does not match its manifest: inputs.json is missing; vocabularies/item.parquet is missing; ` +
          `vocabularies/extra.parquet is not in its manifest (in ${store.url})`,
      ),
    );
  });

  it('refuses a manifest that leads out of the folder', async () => {
    const manifest = JSON.parse(new TextDecoder().decode((await store.get(`${PREFIX}manifest.json`)).body));
    manifest.files['../../../../escaped'] = manifest.files['model.onnx'];
    await store.put(`${PREFIX}manifest.json`, JSON.stringify(manifest));
    await expect(fetch()).rejects.toThrow(
      new InvalidRecordError(
        `manifest of hillstrom ${VERSION} is not valid: ` +
          `files: path must stay inside the version's folder, got ../../../../escaped (in ${store.url})`,
      ),
    );
  });

  it('refuses a version without a manifest', async () => {
    await store.delete(`${PREFIX}manifest.json`);
    await expect(fetch()).rejects.toThrow(VersionNotFoundError);
  });

  it('leaves no scratch files, after a failure either', async () => {
    await fetch();
    await store.put(`${PREFIX}model.onnx`, 'eno');
    await rm(join(cache, NAME), { recursive: true, force: true });
    await expect(fetch()).rejects.toThrow(ModelCorruptedError);
    // A store of files needs no cache, and makes no folder for it.
    expect(await readdir(cache).catch(() => [])).toEqual([]);
  });
});

describe('fetching from a file store', () => {
  it('copies nothing', async () => {
    const store = fileStore(join(folder, 'store'));
    await publishModel(store, 'one');
    expect(await fetchVersion(store, NAME, VERSION, cache)).toBe(join(folder, 'store', PREFIX.slice(0, -1)));
  });

  it('gives the folder before the model is verified, and the model last', async () => {
    const store = fileStore(join(folder, 'store'));
    await publishModel(store, 'one');
    await store.put(`${PREFIX}model.onnx`, 'eno');
    const fetched = await beginFetch(store, NAME, VERSION, cache);
    expect(fetched.folder).toBe(join(folder, 'store', PREFIX.slice(0, -1)));
    await expect(fetched.verified).rejects.toThrow(ModelCorruptedError);
  });

  it('names the model together with other files that are wrong', async () => {
    const store = fileStore(join(folder, 'store'));
    await publishModel(store, 'one');
    await store.put(`${PREFIX}model.onnx`, 'eno');
    await store.put(`${PREFIX}inputs.json`, 'eno');
    await expect(beginFetch(store, NAME, VERSION, cache)).rejects.toThrow(
      /inputs\.json: sha256 got \w{64}, expected \w{64}; model\.onnx: sha256 got /,
    );
  });
});

describe('the cache of versions', () => {
  let store: MemoryStore;
  let local: string;

  beforeEach(async () => {
    store = memoryStore();
    await publishModel(store, 'one');
    local = await fetchVersion(store, NAME, VERSION, cache);
  });

  it('saves the second copy', async () => {
    expect(local).toBe(join(cache, NAME, VERSION));
    const offline: Store = { ...store, toFile: () => Promise.reject(new Error('copied again')) };
    expect(await fetchVersion(offline, NAME, VERSION, cache)).toBe(local);
  });

  it.each([
    ['changed', (path: string) => writeFile(path, 'eno')],
    ['lost', (path: string) => rm(path)],
  ])('is mended where a file was %s', async (_how, damage) => {
    await damage(join(local, 'model.onnx'));
    expect(await fetchVersion(store, NAME, VERSION, cache)).toBe(local);
    expect(await readFile(join(local, 'model.onnx'), 'utf8')).toBe('one');
  });

  it('copies nothing of a version that has no room there', async () => {
    const key = `${PREFIX}manifest.json`;
    const manifest = JSON.parse(new TextDecoder().decode((await store.get(key)).body));
    manifest.files['model.onnx'].bytes = 2 ** 50;
    await store.put(key, JSON.stringify(manifest));
    await rm(cache, { recursive: true });
    const uncopied: Store = { ...store, toFile: () => Promise.reject(new Error('copied')) };
    const refused = await fetchVersion(uncopied, NAME, VERSION, cache).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NoRoomForVersionError);
    const said = String(refused).replaceAll(/\d+\.\d GiB that are free/g, '<free>');
    expect(said).toBe(
      `NoRoomForVersionError: hillstrom ${VERSION} has 1048576.0 GiB of files, expected at most the <free> in ${cache}: give functions more scratch disk (-c scratch), or score on a machine (entirespace score)`,
    );
    expect(await readdir(cache)).toEqual([]);
  });

  it('is filled by several at once', async () => {
    await rm(cache, { recursive: true });
    const folders = await Promise.all([1, 2, 3].map(() => fetchVersion(store, NAME, VERSION, cache)));
    expect(new Set(folders)).toEqual(new Set([local]));
    expect(await readFile(join(local, 'model.onnx'), 'utf8')).toBe('one');
  });
});
