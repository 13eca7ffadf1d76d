import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileStore } from '../../lib/store/folder/file-store.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { openObjectFile } from '../../lib/store/object-file.ts';
import type { ByteRange, Store } from '../../lib/store/store.ts';

const MIB = 2 ** 20;

let folder: string;
let requests: (ByteRange | undefined)[];
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'object-file-'));
  requests = [];
  const memory = memoryStore();
  store = {
    ...memory,
    get(key, options) {
      requests.push(options?.range);
      return memory.get(key, options);
    },
    head: () => Promise.reject(new Error('asks for more than it needs')),
  };
});
afterEach(() => rm(folder, { recursive: true }));

const range = (start: number, end: number): ByteRange => ({ start, end });
const PATTERN = Uint8Array.from({ length: 251 }, (_, i) => (i * 7) % 251);
const bytesOf = (length: number) => Buffer.alloc(length, PATTERN);

async function textOf(blocks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const block of blocks) all.push(block);
  return Buffer.concat(all);
}

describe('an object file', () => {
  it('of a small object takes one request, however it is read', async () => {
    const { versionId } = await store.put('a/small.csv', '0123456789');
    await store.put('a/small.csv', 'replaced');
    const file = await openObjectFile(store, { key: 'a/small.csv', versionId }, folder);
    await file.fetch([range(0, 4), range(8, 99)]);
    expect(await readFile(file.path, 'utf8')).toBe('0123456789');
    expect((await textOf(file.read())).toString()).toBe('0123456789');
    expect((await textOf(file.read(range(3, 5)))).toString()).toBe('34');
    expect(file.size).toBe(10);
    expect(requests).toEqual([range(0, 4 * MIB)]);
  });

  it('of an object without bytes is empty', async () => {
    await store.put('empty.csv', '');
    const file = await openObjectFile(store, { key: 'empty.csv' }, folder);
    await file.fetch([range(0, 4)]);
    expect([file.size, (await stat(file.path)).size, (await textOf(file.read())).length]).toEqual([0, 0, 0]);
  });

  it('of a large object has the ranges that were fetched, each once, and zeros', async () => {
    const body = bytesOf(30 * MIB);
    await store.put('large.parquet', body);
    const file = await openObjectFile(store, { key: 'large.parquet', size: body.length }, folder);
    await file.fetch([range(29 * MIB, 30 * MIB)]);
    await file.fetch([range(10 * MIB, 20 * MIB), range(28 * MIB, 40 * MIB)]);
    await file.fetch([range(11 * MIB, 12 * MIB)]);
    expect(requests).toEqual([
      range(29 * MIB, 30 * MIB),
      range(10 * MIB, 18 * MIB),
      range(18 * MIB, 20 * MIB),
      range(28 * MIB, 29 * MIB),
    ]);
    const expected = Buffer.alloc(body.length);
    for (const [from, to] of [
      [10, 20],
      [28, 30],
    ] as const)
      body.copy(expected, from * MIB, from * MIB, to * MIB);
    expect(Buffer.compare(await readFile(file.path), expected)).toBe(0);
    expect((await stat(file.path)).blocks * 512).toBeLessThan(13 * MIB);
  });

  it('of a large object is read in order, and not on the disk', async () => {
    const body = bytesOf(21 * MIB);
    await store.put('large.csv', body);
    const file = await openObjectFile(store, { key: 'large.csv' }, folder);
    expect(Buffer.compare(await textOf(file.read()), body)).toBe(0);
    expect(Buffer.compare(await textOf(file.read(range(3 * MIB, 13 * MIB))), body.subarray(3 * MIB, 13 * MIB))).toBe(0);
    await expect(stat(file.path)).rejects.toThrow('ENOENT');
  });

  it('in a store of files is the file itself', async () => {
    const files = fileStore(join(folder, 'bucket'));
    const { versionId } = await files.put('a.csv', '0123456789');
    const file = await openObjectFile(files, { key: 'a.csv', versionId }, folder);
    await file.fetch([range(0, 4)]);
    expect(file.path).toBe(join(folder, 'bucket/a.csv'));
    expect((await textOf(file.read(range(3, 5)))).toString()).toBe('34');
    expect((await textOf(file.read(range(5, 5)))).toString()).toBe('');
  });

  it('is not opened where there is no such version', async () => {
    await expect(openObjectFile(store, { key: 'a.csv', versionId: 'v9' }, folder)).rejects.toThrow(
      'no object a.csv in memory:, version v9',
    );
  });
});
