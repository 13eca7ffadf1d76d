import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { ManifestFile } from './manifest.ts';

/** Paths of the files in a folder and below, relative to it with `/` between folders, in order. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

const PIECE_BYTES = 2 ** 20;

/** Size and digest of a local file, read once in pieces: the next piece is read while one is hashed. */
export async function digestFile(path: string): Promise<ManifestFile> {
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    let [current, next] = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
    let bytes = 0;
    let bytesRead = (await file.read(current, 0, PIECE_BYTES, 0)).bytesRead;
    while (bytesRead > 0) {
      bytes += bytesRead;
      const reading = file.read(next, 0, PIECE_BYTES, bytes);
      hash.update(current.subarray(0, bytesRead));
      [current, next] = [next, current];
      bytesRead = (await reading).bytesRead;
    }
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await file.close();
  }
}
