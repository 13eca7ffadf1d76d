/** What several test files need and only read, made once in a run of the tests by whichever asks first. */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';

const MADE_WITHIN_MS = 60_000;

/** The folder of that name, filled by `make` in the one worker that came first; the others wait for it. */
export async function onceARun(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(inject('shared'), name);
  const ending = `${folder}.made`;
  if (await isFirst(folder)) {
    const problem = await make(folder).then(
      () => '',
      (error: unknown) => String(error),
    );
    await writeFile(ending, problem);
  }
  for (const end = Date.now() + MADE_WITHIN_MS; !(await exists(ending)); await delay(20))
    if (Date.now() > end) throw new Error(`${name} is not made after ${MADE_WITHIN_MS} ms`);
  const problem = await readFile(ending, 'utf8');
  if (problem !== '') throw new Error(`${name} could not be made: ${problem}`);
  return folder;
}

/** Whether the folder was not there yet: it is made by one worker alone. */
async function isFirst(folder: string): Promise<boolean> {
  return mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
