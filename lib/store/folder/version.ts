/**
 * Versions of files. A version is identified by the file's inode, size and time of modification, so that nothing has to
 * be read, however large it is; all three survive link(2) and rename(2), so a version is known before it is visible.
 */
import type { BigIntStats } from 'node:fs';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { ifThere } from '../errno.ts';
import { parseRecord } from '../records.ts';
import type { ObjectInfo } from '../store.ts';

type Metadata = ObjectInfo['metadata'];

const METADATA = { schema: z.record(z.string(), z.string()) };

/** The facts about a file as an object, without metadata. */
export function infoFrom(key: string, stats: BigIntStats): ObjectInfo {
  const versionId = versionOf(stats);
  return { key, size: Number(stats.size), etag: versionId, versionId, metadata: {} };
}

/** Version of a file, which no other file of the store has, nor this one after a change. */
export function versionOf({ mtimeNs, size, ino }: BigIntStats): string {
  return [mtimeNs, size, ino].map((number) => number.toString(36)).join('-');
}

/** Facts about the file at a path; `null` where there is none, or a folder. */
export async function fileStats(path: string): Promise<BigIntStats | null> {
  const stats = await ifThere(stat(path, { bigint: true }));
  return stats?.isFile() ? stats : null;
}

/**
 * Makes a finished file durable, and its version its own: file systems count time in ticks of some milliseconds, in
 * which an inode may be freed and used again, so the time of modification is set from a finer clock.
 */
export async function settle(path: string): Promise<BigIntStats> {
  const file = await open(path, 'r');
  try {
    const seconds = (performance.timeOrigin + performance.now()) / 1000;
    await file.utimes(seconds, seconds);
    await file.sync();
    return await file.stat({ bigint: true });
  } finally {
    await file.close();
  }
}

/** Metadata of versions, one small JSON file each; most objects have none. */
export interface MetadataFolder {
  readonly path: string;
  /**
   * `null` where the version has none.
   * @throws {InvalidRecordError} where its file is damaged.
   */
  read(versionId: string): Promise<Metadata | null>;
  write(versionId: string, metadata: Metadata): Promise<void>;
  remove(versionId: string): Promise<void>;
}

export function metadataFolder(path: string): MetadataFolder {
  const fileOf = (versionId: string) => join(path, `${versionId}.json`);
  return {
    path,
    async read(versionId) {
      const text = await ifThere(readFile(fileOf(versionId), 'utf8'));
      return text === null ? null : parseRecord(METADATA, text, `metadata ${versionId}.json`, pathToFileURL(path).href);
    },
    async write(versionId, metadata) {
      if (Object.keys(metadata).length === 0) return;
      await writeFile(fileOf(versionId), JSON.stringify(metadata), { flush: true });
    },
    async remove(versionId) {
      await rm(fileOf(versionId), { force: true });
    },
  };
}
