/**
 * The temporary folder of one run of the tests. Every worker, and every process that a test starts, makes its temporary
 * files in it, and it is removed at the end of the run: what a killed process left behind as well.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'entirespace-tests-'));
  // Some tests act as another user, who must get through to what they made.
  await chmod(folder, 0o755);
  process.env.TMPDIR = folder;
  return () => rm(folder, { recursive: true, force: true });
}
