import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyToLocal } from '../../lib/store/local-copy.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { type ByteRange, type GetOptions, ObjectNotFoundError, type Store } from '../../lib/store/store.ts';

const MIB = 2 ** 20;

let folder: string;
let reads: GetOptions[];
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-copy-'));
  reads = [];
  const memory = memoryStore();
  store = {
    ...memory,
    get(key, options) {
      const { room: _, ...what } = options ?? {};
      reads.push(what);
      return memory.get(key, options);
    },
  };
});
afterEach(() => rm(folder, { recursive: true }));

const range = (start: number, end: number): ByteRange => ({ start, end });
const pathIn = ({ versionId }: { readonly versionId: string }) => join(folder, versionId, 'object.parquet');

describe('copyToLocal', () => {
  it('takes one request for a small object, and puts it where its facts say', async () => {
    const { versionId } = await store.put('a', '0123456789');
    const path = await copyToLocal(store, { key: 'a' }, pathIn);
    expect(path).toBe(join(folder, versionId, 'object.parquet'));
    expect(await readFile(path, 'utf8')).toBe('0123456789');
    expect(reads).toEqual([{ range: range(0, MIB) }]);
  });

  it('reads the rest of a large object in pieces, of the version that it began with', async () => {
    const pattern = Uint8Array.from({ length: 251 }, (_, index) => index);
    const body = Buffer.alloc(18 * MIB, pattern);
    const { versionId } = await store.put('a', body);
    const replacing: Pick<Store, 'get'> = {
      async get(key, options) {
        const object = await store.get(key, options);
        await store.put('a', 'replaced');
        return object;
      },
    };
    const path = await copyToLocal(replacing, { key: 'a' }, pathIn);
    expect(Buffer.compare(await readFile(path), body)).toBe(0);
    expect(reads).toEqual([
      { range: range(0, MIB) },
      { versionId, range: range(MIB, 9 * MIB) },
      { versionId, range: range(9 * MIB, 17 * MIB) },
      { versionId, range: range(17 * MIB, 18 * MIB) },
    ]);
  });

  it('reads the given version, even if it is no longer current', async () => {
    const { versionId } = await store.put('a', 'old');
    await store.put('a', 'newer');
    expect(await readFile(await copyToLocal(store, { key: 'a', versionId }, pathIn), 'utf8')).toBe('old');
  });

  it('replaces a file that is there', async () => {
    await store.put('a', 'abc');
    const path = join(folder, 'file');
    await writeFile(path, 'something longer');
    await copyToLocal(store, { key: 'a' }, () => path);
    expect(await readFile(path, 'utf8')).toBe('abc');
  });

  it('of an object without bytes is empty', async () => {
    await store.put('empty', '');
    expect(await readFile(await copyToLocal(store, { key: 'empty' }, pathIn), 'utf8')).toBe('');
  });

  it('fails where there is no such version, and leaves nothing behind', async () => {
    await store.put('a', 'abc');
    await expect(copyToLocal(store, { key: 'a', versionId: 'v99' }, pathIn)).rejects.toThrow(
      new ObjectNotFoundError('a', 'memory:', 'v99'),
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves the file that was there, and no part of its own, where a piece cannot be read', async () => {
    await store.put('a', Buffer.alloc(3 * MIB));
    const path = join(folder, 'file');
    await writeFile(path, 'before');
    const broken: Pick<Store, 'get'> = {
      get: (key, options) =>
        options?.range?.start === 0 ? store.get(key, options) : Promise.reject(new Error('connection reset')),
    };
    await expect(copyToLocal(broken, { key: 'a' }, () => path)).rejects.toThrow(new Error('connection reset'));
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['file']);
  });
});
