import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bucketFolder, openBucket } from '../../bin/bucket.ts';

const NOBODY = 65_534;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entirespace-bucket-'));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

/** To root every folder can be written to. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('a bucket', () => {
  it.each(['read', 'write', 'create'] as const)('is opened to %s, and nothing is left in it', async (use) => {
    expect(bucketFolder(await openBucket(folder, use))).toBe(folder);
    expect(bucketFolder(await openBucket(pathToFileURL(folder).href, use))).toBe(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it('that is not there is opened to be created only, and not created yet', async () => {
    const absent = join(folder, 'a/b');
    await expect(openBucket(absent, 'read')).rejects.toThrow(`--bucket: no such folder: ${absent}`);
    await expect(openBucket(absent, 'write')).rejects.toThrow(`--bucket: no such folder: ${absent}`);
    expect(bucketFolder(await openBucket(absent, 'create'))).toBe(absent);
    expect(await readdir(folder)).toEqual([]);
  });

  it('that cannot be written to is opened to read only', async () => {
    await mkdir(join(folder, 'locked'));
    await chmod(join(folder, 'locked'), 0o555);
    await asNobody(async () => {
      const locked = join(folder, 'locked');
      expect(bucketFolder(await openBucket(locked, 'read'))).toBe(locked);
      await expect(openBucket(locked, 'write')).rejects.toThrow(`--bucket: cannot write in ${locked}: EACCES`);
      await expect(openBucket(join(locked, 'new'), 'create')).rejects.toThrow(
        `--bucket: cannot write in ${locked}: EACCES`,
      );
    });
  });
});
