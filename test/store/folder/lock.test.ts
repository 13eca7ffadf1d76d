import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from '../../../lib/store/folder/lock.ts';

describe('a file lock', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-lock-'));
    path = join(folder, 'key.lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const lockedBy = (owner: object) => writeFile(path, JSON.stringify({ started: null, token: 't', ...owner }));

  /** Runs 20 holders at once, and returns the largest number that held the lock at the same time. */
  async function mostInside(): Promise<number> {
    let inside = 0;
    let most = 0;
    const hold = () =>
      withFileLock(path, 20_000, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await sleep(1);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 20 }, hold));
    return most;
  }

  it('is held by one at a time, and leaves no file', async () => {
    expect(await mostInside()).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('returns what the action returns, and is released if the action throws', async () => {
    expect(await withFileLock(path, 0, async () => 7)).toBe(7);
    await expect(
      withFileLock(path, 0, async () => {
        throw new Error('failed inside');
      }),
    ).rejects.toThrow('failed inside');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over from a process that died, by one only', async () => {
    await lockedBy({ host: hostname(), pid: spawnSync('true').pid });
    expect(await mostInside()).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over where the pid now belongs to another process', async () => {
    await lockedBy({ host: hostname(), pid: process.pid, started: 'long ago' });
    expect(await withFileLock(path, 5000, async () => 'inside')).toBe('inside');
  });

  it('names the living process that holds it too long', async () => {
    await withFileLock(path, 0, async () => {
      await expect(withFileLock(path, 30, async () => 'inside')).rejects.toThrow(
        new Error(
          `lock ${path} is held by process ${process.pid} on ${hostname()}, waited 30 ms (remove the file if that process is gone)`,
        ),
      );
    });
  });

  it('of another host is never taken over', async () => {
    await lockedBy({ host: 'elsewhere', pid: 1 });
    await expect(withFileLock(path, 30, async () => 'inside')).rejects.toThrow(
      `lock ${path} is held by process 1 on elsewhere, waited 30 ms`,
    );
  });

  it('waits no longer than it should where a process died while taking it over', async () => {
    await lockedBy({ host: hostname(), pid: spawnSync('true').pid });
    await writeFile(`${path}.takeover`, '{}');
    await expect(withFileLock(path, 30, async () => 'inside')).rejects.toThrow(`lock ${path} is held by process`);
  });
});
