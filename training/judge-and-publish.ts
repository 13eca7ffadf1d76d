/** What follows a training: the gate's decision, the report, and the published version. */
import type { Declaration } from '../lib/config/declaration.ts';
import { type Decided, decide, type GateDecision } from '../lib/gate/hold-against.ts';
import { type WriteReportOptions, writeReport } from '../lib/report/report.ts';
import type { Store } from '../lib/store/store.ts';
import { type CheckedLog, checkLog } from '../lib/table/check/log.ts';
import { openDatabase } from '../lib/table/database.ts';
import { openSource } from '../lib/table/source/source.ts';
import type { OnProgress } from '../lib/training/progress.ts';
import type { TrainedModel } from '../lib/training/train.ts';
import { dataFacts, publishTrained } from './publish-trained.ts';

export interface ConcludeOptions extends Pick<WriteReportOptions, 'began' | 'hourlyUsd' | 'onReportProblem'> {
  readonly store: Store;
  readonly declaration: Declaration;
  readonly trained: TrainedModel;
  /** The log that it was trained on. */
  readonly dataPath: string;
  /** Folder that a relative path of the log starts from. @default the process's */
  readonly cwd?: string;
  /** Folder for what does not fit in memory, and the current version's files; the caller removes it. */
  readonly scratch: string;
  readonly threads: number;
  readonly memoryLimitMiB: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface PublishedVersion {
  readonly version: string;
  readonly at: Date;
}

/**
 * Judges a trained model, writes its report and publishes both. What was decided has no effect before it is settled.
 * @throws {Error} as `decide`.
 */
export async function judgeAndPublish(
  options: ConcludeOptions,
): Promise<PublishedVersion & { readonly decision: GateDecision }> {
  return withLog(options, async (log, at) => {
    const { trained, declaration } = options;
    const challenger = { folder: trained.folder, declaration, data: dataFacts(trained.summary) };
    const decided = await decide({ ...options, ...log, challenger, at });
    return { ...(await publishReported(options, log, decided, at)), decision: decided.decision };
  });
}

/** Writes a trained model's report and publishes both, without asking the gate. */
export async function publishUnjudged(options: ConcludeOptions): Promise<PublishedVersion> {
  return withLog(options, (log, at) => publishReported(options, log, null, at));
}

type OpenLog = Pick<WriteReportOptions, 'database' | 'log'>;

async function withLog<T>(
  { store, declaration, dataPath, cwd, scratch, threads, memoryLimitMiB }: ConcludeOptions,
  use: (open: OpenLog, at: Date) => Promise<T>,
): Promise<T> {
  // By the store's clock, as all that it is compared with: that of a machine may be wrong, or go back.
  const at = await store.now();
  const database = await openDatabase({ threads, memoryLimitMiB, scratch });
  try {
    const source = await openSource(database, dataPath, cwd);
    const log: CheckedLog = await checkLog(database, source, declaration, { now: at.getTime() });
    return await use({ database, log }, at);
  } finally {
    await database.close();
  }
}

async function publishReported(
  options: ConcludeOptions,
  log: OpenLog,
  decided: Decided | null,
  at: Date,
): Promise<PublishedVersion> {
  const { store, declaration, trained, threads, signal } = options;
  await writeReport({ ...options, ...log, decided, at });
  signal?.throwIfAborted();
  return { version: await publishTrained(store, declaration, trained, { threads, at }), at };
}
