/** What follows a training: the gate's decision, the report, and the published version. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Decided, decide, type GateDecision } from '../lib/gate/decide.ts';
import { lastMonitoring } from '../lib/gate/monitoring-verdict.ts';
import { type WriteReportOptions, writeReport } from '../lib/report/report.ts';
import type { Store } from '../lib/store/store.ts';
import { SCORE_STATISTICS_FILE, statisticsOf } from '../lib/table/candidates/score-statistics.ts';
import type { OpenedLog } from '../lib/table/open-log.ts';
import { dataFacts, publishTrained } from './publish-trained.ts';

export interface ConcludeOptions extends Omit<WriteReportOptions, 'declaration' | 'decided' | 'monitoring' | 'at'> {
  readonly store: Store;
  /** The log that the model was trained on, by its declaration. */
  readonly opened: OpenedLog;
  /** Folder for the current version's files; the caller removes it. */
  readonly scratch: string;
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
  const { store, trained, heldOut, mature } = options;
  // By the store's clock, like all times that it is compared with. A machine's own clock may be wrong or be set back.
  const at = await store.now();
  const challenger = { heldOut, mature, trained, data: dataFacts(trained.summary) };
  const decided = await decide({ ...options, challenger, at });
  return { ...(await publishReported(options, decided, at)), decision: decided.decision };
}

/** Writes a trained model's report and publishes both, without asking the gate. */
export async function publishUnjudged(options: ConcludeOptions): Promise<PublishedVersion> {
  return publishReported(options, null, await options.store.now());
}

async function publishReported(options: ConcludeOptions, decided: Decided | null, at: Date): Promise<PublishedVersion> {
  const { store, opened, trained, heldOut, threads, signal } = options;
  const { declaration } = opened.log;
  const monitoring = await lastMonitoring(store, declaration.name);
  await writeReport({ ...options, declaration, decided, monitoring, at });
  // Monitoring compares the scores of candidates with these.
  const statistics = JSON.stringify(statisticsOf(heldOut.probabilities));
  await writeFile(join(trained.folder, SCORE_STATISTICS_FILE), `${statistics}\n`);
  signal?.throwIfAborted();
  return { version: await publishTrained(store, declaration, trained, { threads, at }), at };
}
