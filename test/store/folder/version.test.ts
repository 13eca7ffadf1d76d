import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { settle } from '../../../lib/store/folder/version.ts';

it('settle dates a file by the instant it is finished, finer than the ticks of file systems', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'file-version-'));
  const path = join(folder, 'a');
  await writeFile(path, 'x');
  await sleep(20);
  const before = BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
  const first = await settle(path);
  const second = await settle(path);
  expect(first.mtimeNs).toBeGreaterThanOrEqual(before - 1000n);
  expect(second.mtimeNs).toBeGreaterThan(first.mtimeNs);
  await rm(folder, { recursive: true });
});
