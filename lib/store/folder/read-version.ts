import { type FileHandle, open } from 'node:fs/promises';
import { ifThere } from '../errno.ts';
import { rangeWithin } from '../request.ts';
import type { ByteRange, ObjectInfo } from '../store.ts';
import { type FileSpace, pathOf } from './space.ts';
import { infoFrom, versionOf } from './version.ts';

// Attempts of a reader while another process writes into the file in place, as cp does.
const ATTEMPTS = 5;

// read(2) transfers at most 2 GiB.
const READ_BYTES = 2 ** 30;

/**
 * Runs `use` on an open version of an object, again where the file changed meanwhile; `null` where there is no such
 * version.
 * @throws {Error} where the file keeps changing.
 */
export async function readVersion<T>(
  space: FileSpace,
  key: string,
  versionId: string | undefined,
  use: (file: FileHandle, info: ObjectInfo) => Promise<T>,
): Promise<T | null> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const file = await ifThere(open(pathOf(space, key), 'r'));
    if (file === null) return null;
    try {
      const stats = await file.stat({ bigint: true });
      const info = infoFrom(key, stats);
      if (!stats.isFile() || (versionId !== undefined && info.versionId !== versionId)) return null;
      const metadata = await space.metadata.read(info.versionId);
      // A version that is replaced loses its name first, and then its metadata.
      if (metadata === null && (await file.stat()).nlink === 0) continue;
      const result = await use(file, { ...info, metadata: metadata ?? {} });
      if (versionOf(await file.stat({ bigint: true })) === info.versionId) return result;
    } finally {
      await file.close();
    }
  }
  throw new Error(`${key} in ${space.url} changed ${ATTEMPTS} times while it was read`);
}

/** Bytes of an open file of `size` bytes, all or a range. */
export async function readBytes(
  file: FileHandle,
  { key, size }: ObjectInfo,
  range: ByteRange | undefined,
): Promise<Uint8Array> {
  const { start, end } = range === undefined ? { start: 0, end: size } : rangeWithin(range, size, key);
  const bytes = new Uint8Array(end - start);
  for (let filled = 0; filled < bytes.length; ) {
    const length = Math.min(bytes.length - filled, READ_BYTES);
    const { bytesRead } = await file.read(bytes, filled, length, start + filled);
    // The file became shorter: its version changed too, and the reader begins again.
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes;
}
