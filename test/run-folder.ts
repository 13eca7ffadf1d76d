/**
 * The temporary folder of one run of the tests. Every worker, and every process that a test starts, makes its temporary
 * files in it, and it is removed at the end of the run: what a killed process left behind as well.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of what is made once in a run: see `once-a-run.ts`. */
    shared: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'entirespace-tests-'));
  // Some tests act as another user, who must get through to what they made.
  await chmod(folder, 0o755);
  process.env.TMPDIR = folder;
  const shared = join(folder, 'shared');
  await mkdir(shared);
  project.provide('shared', shared);
  // In watch mode the code has changed since.
  project.onTestsRerun(async () => {
    await rm(shared, { recursive: true });
    await mkdir(shared);
  });
  return () => rm(folder, { recursive: true, force: true });
}
