import { mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inFolder, removeEmptyFolders } from '../../../lib/store/folder/folders.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'file-folders-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('inFolder', () => {
  it('makes the folder again where a delete removes it before the action', async () => {
    const folder = join(root, 'a/b');
    const write = vi
      .fn(() => writeFile(join(folder, 'file'), 'x'))
      .mockImplementationOnce(async () => {
        await rmdir(folder);
        await writeFile(join(folder, 'file'), 'x');
      });
    await inFolder(folder, write);
    expect(await readdir(folder)).toEqual(['file']);
    expect(write).toHaveBeenCalledTimes(2);
  });

  it('gives up where the folder is not what is missing', async () => {
    const action = vi.fn(() => readdir(join(root, 'other')));
    await expect(inFolder(join(root, 'a'), action)).rejects.toThrow(
      `ENOENT: no such file or directory, scandir '${join(root, 'other')}'`,
    );
    expect(action).toHaveBeenCalledTimes(20);
  });
});

describe('removeEmptyFolders', () => {
  it('stops at the first that is not empty, and at the root', async () => {
    await inFolder(join(root, 'a/b/c'), () => writeFile(join(root, 'a/file'), 'x'));
    await removeEmptyFolders(root, join(root, 'a/b/c'));
    expect(await readdir(root, { recursive: true })).toEqual(['a', 'a/file']);
    await rm(join(root, 'a/file'));
    await removeEmptyFolders(root, join(root, 'a'));
    expect(await readdir(root)).toEqual([]);
  });
});
