import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileStore } from '../../../lib/store/folder/file-store.ts';
import { readVersion } from '../../../lib/store/folder/read-version.ts';
import { fileSpace } from '../../../lib/store/folder/space.ts';
import type { Store } from '../../../lib/store/store.ts';
import { describeStoreContract } from '../store-contract.ts';

describeStoreContract('file store', { open: (folder) => fileStore(folder), keepsVersions: false });

describe('file store', () => {
  let root: string;
  let store: Store;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'file-store-'));
    store = fileStore(root);
  });
  afterEach(() => rm(root, { recursive: true }));

  const text = async (key: string) => new TextDecoder().decode((await store.get(key)).body);
  const own = (folder: string) => readdir(join(root, '.entirespace', folder));
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of store.list('')) found.push(key);
    return found;
  };

  describe('among files of other programs', () => {
    it('lists a file that was copied with its time of modification by when it came', async () => {
      const yearAgo = new Date(Date.now() - 365 * 86_400_000);
      await writeFile(join(root, 'a'), 'old');
      await utimes(join(root, 'a'), yearAgo, yearAgo);
      for await (const { storedAt } of store.list('')) expect(Date.now() - storedAt.getTime()).toBeLessThan(10_000);
    });

    it('reads files that were copied or moved into the folder', async () => {
      await mkdir(join(root, 'candidates'));
      await writeFile(join(root, 'dropped.csv'), 'a,b\n');
      await copyFile(join(root, 'dropped.csv'), join(root, 'candidates/copied.csv'));
      await rename(join(root, 'dropped.csv'), join(root, 'candidates/moved.csv'));
      expect(await keys()).toEqual(['candidates/copied.csv', 'candidates/moved.csv']);
      expect(await store.get('candidates/moved.csv')).toMatchObject({ size: 4, metadata: {} });
    });

    it('writes ordinary files, readable at their own path', async () => {
      await store.put('scores/part-1.parquet', 'x');
      expect(await store.toFile('scores/part-1.parquet', '/nowhere')).toBe(join(root, 'scores/part-1.parquet'));
      expect((await readdir(root)).sort()).toEqual(['.entirespace', 'scores']);
    });

    it('takes a file that is copied over for a new version, and one that is moved for the same', async () => {
      const first = await store.put('a', 'one');
      await writeFile(join(root, 'a'), 'two');
      expect(await store.head('a', first.versionId)).toBeNull();
      const second = await store.head('a');
      await rename(join(root, 'a'), join(root, 'b'));
      expect((await store.head('b'))?.versionId).toBe(second?.versionId);
    });

    it('follows links to files and folders, but not round in a circle or into nothing', async () => {
      const elsewhere = await mkdtemp(join(tmpdir(), 'file-store-elsewhere-'));
      await writeFile(join(elsewhere, 'big.parquet'), '1');
      await mkdir(join(root, 'a'));
      await symlink(elsewhere, join(root, 'a/linked'));
      await symlink(join(elsewhere, 'big.parquet'), join(root, 'link.parquet'));
      await symlink(root, join(root, 'a/up'));
      await symlink('here', join(root, 'a/here'));
      await symlink('nothing', join(root, 'a/broken'));
      expect(await keys()).toEqual(['a/linked/big.parquet', 'link.parquet']);
      expect(await text('a/linked/big.parquet')).toBe('1');
      await rm(elsewhere, { recursive: true });
    });

    it('reads nothing from, and makes nothing in, a folder that is not there', async () => {
      const absent = fileStore(join(root, 'absent'));
      expect(await absent.head('a')).toBeNull();
      for await (const object of absent.list('')) expect(object).toBeUndefined();
      await absent.delete('a');
      expect(await readdir(root)).toEqual([]);
    });

    it('gives a version its own metadata where it is replaced between reading the one and the other', async () => {
      await store.put('a', '1', { metadata: { n: '1' } });
      const space = fileSpace(root, 0);
      const replaceFirst = vi.fn(space.metadata.read).mockImplementationOnce(async (versionId) => {
        await store.put('a', '2', { metadata: { n: '2' } });
        return space.metadata.read(versionId);
      });
      const racing = { ...space, metadata: { ...space.metadata, read: replaceFirst } };
      const info = await readVersion(racing, 'a', undefined, async (_file, found) => found);
      expect(info).toEqual(await store.head('a'));
      expect(info?.metadata).toEqual({ n: '2' });
    });

    it('gives up on a file that changes whenever it is read', async () => {
      await writeFile(join(root, 'growing.csv'), 'a');
      const grow = vi.fn(() => appendFile(join(root, 'growing.csv'), 'a'));
      await expect(readVersion(fileSpace(root, 0), 'growing.csv', undefined, grow)).rejects.toThrow(
        new Error(`growing.csv in ${store.url} changed 5 times while it was read`),
      );
      expect(grow).toHaveBeenCalledTimes(5);
    });
  });

  describe('what it leaves behind', () => {
    it('is no empty folder after a delete, and no other folder less', async () => {
      await store.put('a/b/c/d', 'x');
      await store.put('a/e', 'x');
      await store.delete('a/b/c/d');
      expect(await readdir(join(root, 'a'))).toEqual(['e']);
      await store.delete('a/e');
      expect(await readdir(root)).toEqual(['.entirespace']);
    });

    it('is the metadata of current objects, and nothing after failures', async () => {
      for (let n = 0; n < 3; n += 1) await store.put('a', 'x', { metadata: { n: String(n) } });
      await expect(store.put('a', 'y', { ifAbsent: true, metadata: { n: '4' } })).rejects.toThrow('exists already');
      await expect(store.put('a', 'y', { ifMatch: 'no', metadata: { n: '5' } })).rejects.toThrow('changed since');
      await expect(store.putFile('a', '/no/such/file', { metadata: { n: '6' } })).rejects.toThrow('no such file');
      await store.copy('a', 'b');
      expect((await store.head('b'))?.metadata).toEqual({ n: '2' });
      expect([await own('metadata'), await own('tmp'), await own('locks')]).toMatchObject([{ length: 2 }, [], []]);
      await store.delete('a');
      await store.delete('b');
      expect(await own('metadata')).toEqual([]);
    });

    it.each([
      ['{"n":', 'is not JSON, got "{\\"n\\":"'],
      ['{"n": 1}', 'is not valid: n: invalid input: expected string, received number'],
    ])('is named where it is damaged: %s', async (content, problem) => {
      await store.put('a', 'x', { metadata: { n: '1' } });
      const [name] = await own('metadata');
      await writeFile(join(root, '.entirespace/metadata', `${name}`), content);
      const folder = pathToFileURL(join(root, '.entirespace/metadata')).href;
      const message = `metadata ${name} ${problem} (in ${folder})`;
      await expect(store.head('a')).rejects.toMatchObject({ name: 'InvalidRecordError', message });
      await store.put('a', 'y');
      expect(await store.head('a')).toMatchObject({ metadata: {} });
    });

    it.each([['ifAbsent'], ['ifMatch']])(
      'is the metadata of the winner alone after a race by %s',
      async (condition) => {
        const { etag } = await store.put('a', 'x');
        if (condition === 'ifAbsent') await store.delete('a');
        const options = condition === 'ifAbsent' ? { ifAbsent: true } : { ifMatch: etag };
        const writers = ['1', '2', '3', '4'].map((n) => store.put('a', n, { ...options, metadata: { n } }));
        await Promise.allSettled(writers);
        expect(await own('metadata')).toHaveLength(1);
        expect((await store.head('a'))?.metadata).toEqual({ n: await text('a') });
      },
    );

    it('of killed writers is swept after an hour', async () => {
      await store.put('a', 'x');
      const tmp = join(root, '.entirespace/tmp');
      for (const name of ['old', 'young']) await writeFile(join(tmp, name), 'half');
      const twoHoursAgo = new Date(Date.now() - 7_200_000);
      await utimes(join(tmp, 'old'), twoHoursAgo, twoHoursAgo);
      await fileStore(root).put('b', 'x');
      expect(await own('tmp')).toEqual(['young']);
    });
  });

  describe('where the file system refuses', () => {
    it('names the key and the path', async () => {
      const nowhere = fileStore('/dev/null/store');
      await expect(nowhere.put('a', 'x')).rejects.toThrow(
        new Error(
          `cannot write a in file:///dev/null/store: ENOTDIR: not a directory, mkdir '/dev/null/store/.entirespace/tmp'`,
          { cause: expect.objectContaining({ code: 'ENOTDIR' }) },
        ),
      );
    });

    it('says that a folder has the name', async () => {
      await store.put('a/b', 'x');
      for (const options of [{}, { ifAbsent: true }])
        await expect(store.put('a', 'x', options)).rejects.toThrow(`cannot write a in ${store.url}: it is a folder`);
    });

    it('says that an object is in the way of a folder', async () => {
      await store.put('a', 'x');
      for (const options of [{}, { ifAbsent: true }])
        await expect(store.put('a/b', 'x', options)).rejects.toThrow(
          `cannot write a/b in ${store.url}: EEXIST: file already exists, mkdir '${join(root, 'a')}'`,
        );
    });
  });
});

describe('a file store in a folder with an unusual name', () => {
  it('has the URL of its absolute path', () => {
    expect(fileStore('/data/my bucket %').url).toBe('file:///data/my%20bucket%20%25');
    expect(fileStore('bucket').url).toBe(pathToFileURL(join(process.cwd(), 'bucket')).href);
  });
});
