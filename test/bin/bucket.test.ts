import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bucketFolder, openBucket } from '../../bin/bucket.ts';

/** Buckets are absolute paths here. */
const open = (bucket: string, use: Parameters<typeof openBucket>[2]) => openBucket({ cwd: '.' }, bucket, use);

const NOBODY = 65_534;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entirespace-bucket-'));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

/** Root can write to every folder, so that the work is done as another user. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('openBucket', () => {
  it.each(['read', 'write', 'create'] as const)('opens a folder to %s, and leaves nothing in it', async (use) => {
    expect(bucketFolder(await open(folder, use))).toBe(folder);
    expect(bucketFolder(await open(pathToFileURL(folder).href, use))).toBe(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it('opens a folder that does not exist only to create it, and does not create it yet', async () => {
    const absent = join(folder, 'a/b');
    await expect(open(absent, 'read')).rejects.toThrow(`--bucket: no such folder: ${absent}`);
    await expect(open(absent, 'write')).rejects.toThrow(`--bucket: no such folder: ${absent}`);
    expect(bucketFolder(await open(absent, 'create'))).toBe(absent);
    expect(await readdir(folder)).toEqual([]);
  });

  it('opens a folder that cannot be written to only to read it', async () => {
    await mkdir(join(folder, 'locked'));
    await chmod(join(folder, 'locked'), 0o555);
    await asNobody(async () => {
      const locked = join(folder, 'locked');
      expect(bucketFolder(await open(locked, 'read'))).toBe(locked);
      await expect(open(locked, 'write')).rejects.toThrow(`--bucket: cannot write in ${locked}: EACCES`);
      await expect(open(join(locked, 'new'), 'create')).rejects.toThrow(`--bucket: cannot write in ${locked}: EACCES`);
    });
  });
});
