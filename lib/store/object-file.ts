/** One version of an object, read by ranges: as a stream, and as a local file of which only what is needed is there. */
import { createReadStream } from 'node:fs';
import { mkdtemp, open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { copyPieces, mergeRanges, piecesOf, writeAt } from './byte-ranges.ts';
import { readStart } from './local-copy.ts';
import type { ByteRange, Store } from './store.ts';

export interface ObjectFile {
  /** Local, of the object's size. Reads as zeros where nothing was fetched. */
  readonly path: string;
  readonly size: number;
  /** Whether all bytes can be read at `path`, and none need be fetched. */
  readonly isLocal: boolean;
  /** Makes these bytes readable at `path`; a range that ends behind the object's end is cut there. */
  fetch(ranges: readonly ByteRange[]): Promise<void>;
  /** Bytes in their order, a few MiB at a time. @default all of them */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

export interface ObjectVersion {
  readonly key: string;
  readonly versionId?: string;
  /** Bytes of the object, where they are known: that saves a request. */
  readonly size?: number;
}

// One request for the whole of a small object; of a larger one enough to recognise its format.
const START_BYTES = 4 * 2 ** 20;

/**
 * Opens a version of an object. In a store of files that is the file itself. From any other store a small object is
 * read in one request; of a larger one the ranges that are asked for are written to a sparse file below `scratch`.
 * @throws {ObjectNotFoundError}
 */
export async function openObjectFile(store: Store, object: ObjectVersion, scratch: string): Promise<ObjectFile> {
  if (!store.hasFiles) return remoteFile(store, object, scratch);
  const path = await store.toFile(object.key, scratch, object.versionId);
  return {
    path,
    size: (await stat(path)).size,
    isLocal: true,
    fetch: async () => undefined,
    read: (range) => (range === undefined ? createReadStream(path) : readLocal(path, range)),
  };
}

function readLocal(path: string, { start, end }: ByteRange): AsyncIterable<Buffer> {
  return start >= end ? nothing() : createReadStream(path, { start, end: end - 1, highWaterMark: 2 ** 20 });
}

async function* nothing(): AsyncGenerator<Buffer> {}

async function remoteFile(store: Store, object: ObjectVersion, scratch: string): Promise<ObjectFile> {
  const { key, versionId } = object;
  const get = (range: ByteRange, room?: Uint8Array) =>
    store.get(key, { ...(versionId !== undefined && { versionId }), range, ...(room && { room }) });
  const { size, start } = await openingOf(store, object);
  const path = join(await mkdtemp(join(scratch, 'object-')), localName(key));
  let fetched: ByteRange[] = [];

  async function fetch(ranges: readonly ByteRange[]): Promise<void> {
    const wanted = ranges.map((range) => ({ start: range.start, end: Math.min(range.end, size) }));
    const isNew = fetched.length === 0;
    const file = await open(path, isNew ? 'w' : 'r+');
    try {
      if (isNew) {
        await file.truncate(size);
        await writeAt(file, start, 0);
        fetched = [{ start: 0, end: start.length }];
      }
      const missing = subtract(mergeRanges(wanted.filter((range) => range.start < range.end)), fetched);
      await copyPieces(piecesOf(missing), file, get);
      fetched = mergeRanges([...fetched, ...missing]);
    } finally {
      await file.close();
    }
  }

  async function* read({ start: from, end: to }: ByteRange = { start: 0, end: size }): AsyncGenerator<Buffer> {
    const end = Math.min(to, size);
    if (from < Math.min(start.length, end)) yield start.subarray(from, end);
    // The next range is on its way while one is worked on.
    let next: Promise<Buffer> | null = null;
    const ranges = [...piecesOf([{ start: Math.max(from, start.length), end }])];
    for (const [i, range] of ranges.entries()) {
      const bytes = await (next ?? bytesOf(range));
      const following = ranges[i + 1];
      next = following === undefined ? null : bytesOf(following);
      // A reader that ends early does not await it: its failure must not count as unhandled.
      next?.catch(() => undefined);
      yield bytes;
    }
  }

  async function bytesOf(range: ByteRange): Promise<Buffer> {
    return asBuffer((await get(range)).body);
  }

  return { path, size, isLocal: false, fetch, read };
}

/** The size, and the first bytes where the object is small or its size is not known. */
async function openingOf(store: Store, object: ObjectVersion): Promise<{ size: number; start: Buffer }> {
  const known = object.size;
  if (known === 0 || (known !== undefined && known > START_BYTES)) return { size: known, start: Buffer.alloc(0) };
  const { size, body } = await readStart(store, object, START_BYTES);
  return { size, start: asBuffer(body) };
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** The end of a key's last segment, which keeps the extension and so the format. */
function localName(key: string): string {
  return Array.from(basename(key)).slice(-40).join('');
}

/** The parts of the first ranges that are in none of the second; both in order, none overlapping. */
function subtract(ranges: readonly ByteRange[], covered: readonly ByteRange[]): ByteRange[] {
  return ranges.flatMap(({ start, end }) => {
    const left: ByteRange[] = [];
    let from = start;
    for (const cover of covered) {
      if (cover.end <= from || cover.start >= end) continue;
      if (cover.start > from) left.push({ start: from, end: cover.start });
      from = Math.max(from, cover.end);
    }
    if (from < end) left.push({ start: from, end });
    return left;
  });
}
