import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// One for each environment that a function runs in, so that several on one machine do not share a folder.
const environmentName = (process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? 'local').replaceAll(/[^\w-]+/g, '-');

/** Folders of a function on its disk, which outlives an invocation. */
export const SCRATCH = {
  /** Files of the invocation under way. */
  work: join(tmpdir(), 'entirespace', environmentName, 'work'),
  /** Files of the model process that is running. */
  models: join(tmpdir(), 'entirespace', environmentName, 'models'),
} as const;

/** The folder, emptied of what a killed invocation left there. */
export function emptyFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
