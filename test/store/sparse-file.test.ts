import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { mergeRanges, toSparseFile } from '../../lib/store/sparse-file.ts';
import { type ByteRange, ObjectNotFoundError, type Store } from '../../lib/store/store.ts';

const MIB = 2 ** 20;

let folder: string;
let path: string;
let reads: ByteRange[];
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sparse-'));
  path = join(folder, 'below/object.parquet');
  reads = [];
  const memory = memoryStore();
  store = {
    ...memory,
    get(key, options) {
      if (options?.range !== undefined) reads.push(options.range);
      return memory.get(key, options);
    },
  };
});
afterEach(() => rm(folder, { recursive: true }));

const range = (start: number, end: number): ByteRange => ({ start, end });

describe('toSparseFile', () => {
  it("has the object's size, the bytes that were asked for, and zeros", async () => {
    const { versionId } = await store.put('a', '0123456789');
    await toSparseFile(store, { key: 'a', versionId, ranges: [range(8, 99), range(1, 3)], path });
    expect(await readFile(path, 'latin1')).toEqual(['\0', '12', '\0'.repeat(5), '89'].join(''));
  });

  it('reads in pieces of 8 MiB, and nothing that was not asked for', async () => {
    const pattern = Uint8Array.from({ length: 251 }, (_, index) => index);
    const body = Buffer.alloc(40 * MIB, pattern);
    const { versionId } = await store.put('a', body);
    const ranges = [range(20 * MIB, 30 * MIB), range(40 * MIB - 10, 40 * MIB)];
    await toSparseFile(store, { key: 'a', versionId, ranges, path });
    expect(reads).toEqual([range(20 * MIB, 28 * MIB), range(28 * MIB, 30 * MIB), range(40 * MIB - 10, 40 * MIB)]);
    const expected = new Uint8Array(body.length);
    for (const { start, end } of ranges) expected.set(body.subarray(start, end), start);
    expect(Buffer.compare(await readFile(path), expected)).toBe(0);
    // The holes take no room: blocks are of 512 bytes.
    expect((await stat(path)).blocks * 512).toBeLessThan(11 * MIB);
  });

  it('reads the given version, even if it is no longer current', async () => {
    const { versionId } = await store.put('a', 'old');
    await store.put('a', 'newer');
    await toSparseFile(store, { key: 'a', versionId, ranges: [range(0, 3)], path });
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('replaces a file that is there', async () => {
    const { versionId } = await store.put('a', 'abc');
    path = join(folder, 'file');
    await writeFile(path, 'something longer');
    await toSparseFile(store, { key: 'a', versionId, ranges: [range(1, 2)], path });
    expect(await readFile(path, 'latin1')).toBe('\0b\0');
  });

  it('of nothing is all holes, of an empty object too', async () => {
    const { versionId } = await store.put('a', 'abc');
    await toSparseFile(store, { key: 'a', versionId, ranges: [], path });
    expect(await readFile(path, 'latin1')).toBe('\0\0\0');
    const empty = await store.put('empty', '');
    await toSparseFile(store, { key: 'empty', versionId: empty.versionId, ranges: [], path });
    expect(await readFile(path, 'latin1')).toBe('');
    expect(reads).toEqual([]);
  });

  it('fails where there is no such version', async () => {
    await store.put('a', 'abc');
    await expect(toSparseFile(store, { key: 'a', versionId: 'v99', ranges: [], path })).rejects.toThrow(
      new ObjectNotFoundError('a', 'memory:', 'v99'),
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [range(3, 4), 'byte range must start inside the 3 bytes of a, got 3'],
    [range(2, 2), 'byte range must have 0 <= start < end, got 2 to 2 of a'],
  ])('refuses the range %j before it reads', async (wrong, message) => {
    const { versionId } = await store.put('a', 'abc');
    await expect(toSparseFile(store, { key: 'a', versionId, ranges: [range(0, 1), wrong], path })).rejects.toThrow(
      new RangeError(message),
    );
    expect(reads).toEqual([]);
  });
});

describe('mergeRanges', () => {
  it.each([
    { name: 'orders', ranges: [range(5, 6), range(1, 2)], merged: [range(1, 2), range(5, 6)] },
    { name: 'joins those that overlap', ranges: [range(1, 5), range(3, 8)], merged: [range(1, 8)] },
    { name: 'joins those that touch', ranges: [range(1, 5), range(5, 8)], merged: [range(1, 8)] },
    { name: 'drops those that lie in others', ranges: [range(1, 9), range(3, 4), range(8, 9)], merged: [range(1, 9)] },
    { name: 'takes none', ranges: [], merged: [] },
  ])('$name', ({ ranges, merged }) => {
    expect(mergeRanges(ranges)).toEqual(merged);
  });
});
