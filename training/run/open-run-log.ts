/** The log of a run: the window's files, opened by the declaration in the bucket. */
import { join } from 'node:path';
import { currentFeatures } from '../../lib/predictor/published-declaration.ts';
import { type OpenedLog, withLog } from '../../lib/table/open-log.ts';
import type { OnProgress } from '../../lib/training/progress.ts';
import type { RunSettings } from './environment.ts';
import { progressLines } from './progress-lines.ts';
import type { RemoteDeclaration } from './remote-declaration.ts';
import type { RunTools } from './tools.ts';

/** What every part of the work on a log is given. */
export interface LogWork {
  readonly scratch: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** Opens the window's files, which `openWindow` has put into the scratch folder, and works on the log. */
export async function withRunLog<T>(
  { modelName, threads, memoryMiB }: RunSettings,
  { store, log, signal }: RunTools,
  { declaration, scratch }: RemoteDeclaration & { readonly scratch: string },
  work: (opened: OpenedLog, given: LogWork) => Promise<T>,
): Promise<T> {
  const given = { scratch, threads, signal, onProgress: progressLines(log) };
  const toOpen = {
    ...given,
    declaration,
    dataPath: join(scratch, 'data'),
    memoryLimitMiB: memoryMiB,
    now: (await store.now()).getTime(),
    alsoFeatures: await currentFeatures(store, modelName),
  };
  return withLog(toOpen, (opened) => work(opened, given));
}
