import { appendFile, mkdir, mkdtemp, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { standingStill } from '../../../bin/scoring/standing-still.ts';
import { fileStore } from '../../../lib/store/folder/file-store.ts';

const KEY = 'candidates/slow.csv';

it('takes a file whose size and time of change stand still, however long its writer pauses between them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'still-'));
  const path = join(folder, KEY);
  await mkdir(join(folder, 'candidates'));
  await writeFile(path, 'row\n');
  const store = fileStore(folder);
  let now = (await stat(path)).mtimeMs;
  const isComplete = standingStill(folder, () => now);
  const look = async (afterSeconds: number) => {
    now += 1000 * afterSeconds;
    const object = await store.head(KEY);
    return object === null ? null : isComplete(object);
  };
  expect([await look(0), await look(2), await look(2)]).toEqual([false, false, false]);
  await appendFile(path, '1\n');
  await utimes(path, now / 1000, now / 1000);
  expect([await look(2), await look(2), await look(5)]).toEqual([false, false, false]);
  expect(await look(2)).toBe(true);
  // A file that was complete before it came, by its time, is taken when it is seen again; so is one from the future.
  await utimes(path, 1, 1);
  expect([await look(0), await look(2)]).toEqual([false, true]);
  await utimes(path, now / 1000 + 3600, now / 1000 + 3600);
  expect([await look(0), await look(2), await look(8)]).toEqual([false, false, true]);
});

it('takes every object of a bucket, which is always whole', async () => {
  const object = { key: KEY, size: 1, etag: 'e', versionId: 'v', metadata: {} };
  expect(await standingStill(null)(object)).toBe(true);
});
