import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs work in a scratch folder, and removes it afterwards, whatever happens. It is made in the folder that `TMPDIR` of
 * the environment names, or else in the system's folder for temporary files.
 * @throws {Error} where there is no room for it.
 */
export async function withScratch<T>(
  { TMPDIR }: Readonly<Record<string, string | undefined>>,
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  const parent = TMPDIR || tmpdir();
  const scratch = await mkdtemp(join(parent, 'entirespace-')).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`cannot make a scratch folder in ${parent}: ${code} (TMPDIR names another place)`, { cause });
  });
  const removeNow = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    return await work(scratch);
  } catch (error) {
    throw isFullScratch(error, scratch) ? fullScratch(parent, error) : error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
    process.off('exit', removeNow);
  }
}

/**
 * Whether the scratch disk is full. The error of a write through a file handle names no path, while one of a write to
 * the bucket names a path that is not in the scratch folder.
 */
function isFullScratch(error: unknown, scratch: string): boolean {
  if (!(error instanceof Error) || !/no space left/i.test(error.message)) return false;
  return 'syscall' in error || error.message.includes(scratch);
}

function fullScratch(parent: string, cause: unknown): Error {
  return new Error(`no space left for scratch files in ${parent} (TMPDIR names another place)`, { cause });
}
