/** Copies of whole objects as local files, for stores that have none. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { copyPieces, piecesOf, writeAt } from './byte-ranges.ts';
import type { ObjectInfo, Store, StoredObject } from './store.ts';

/** An object, or one version of it. */
export interface ObjectPlace {
  readonly key: string;
  /** @default the current version */
  readonly versionId?: string | undefined;
}

// Nearly every file of a model is shorter; of a larger object more is asked for at once, after a short first answer.
const START_BYTES = 2 ** 20;

/**
 * What the store says of an object, and its first bytes, at most so many, in one request. An object without bytes takes
 * another.
 * @throws {ObjectNotFoundError} where there is no such version.
 */
export async function readStart(
  store: Pick<Store, 'get'>,
  { key, versionId }: ObjectPlace,
  bytes: number,
): Promise<StoredObject> {
  const version = versionId === undefined ? {} : { versionId };
  try {
    return await store.get(key, { ...version, range: { start: 0, end: bytes } });
  } catch (error) {
    // No range begins in an object without bytes.
    if (error instanceof RangeError) return store.get(key, version);
    throw error;
  }
}

/**
 * Copies a version of an object to the path that `pathOf` gives for it, whose folder is made, and returns that path. A
 * file that is there is replaced by the whole copy or not at all: a process that is killed leaves no part of it there.
 * @throws {ObjectNotFoundError} where there is no such version.
 */
export async function copyToLocal(
  store: Pick<Store, 'get'>,
  place: ObjectPlace,
  pathOf: (info: ObjectInfo) => string,
): Promise<string> {
  const { body, ...info } = await readStart(store, place, START_BYTES);
  const { key, versionId, size } = info;
  const path = pathOf(info);
  const temporary = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(temporary, 'w');
    try {
      await writeAt(file, body, 0);
      const rest = piecesOf([{ start: body.length, end: size }]);
      await copyPieces(rest, file, (range, room) => store.get(key, { versionId, range, room }));
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return path;
}
