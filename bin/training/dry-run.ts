/** What training would take, before anything is trained or written. */
import { TRAINING_TASK } from '../../lib/contract/limits.ts';
import { precise } from '../../lib/numbers/text.ts';
import { PRICES, taskHour } from '../../lib/stack/prices.ts';
import type { Range } from '../../lib/training/estimate.ts';
import type { Session } from '../terminal/exit.ts';
import { formatLogSummary } from '../terminal/log-text.ts';
import { type InspectedLog, inspectLog } from './inspect-log.ts';
import type { Project } from './read-project.ts';
import { formatTraining, totalSeconds } from './training-text.ts';

/** A log, the training on it, and what that costs on the stack's task. */
export interface ForeseenTraining extends InspectedLog {
  /** USD on Fargate on demand, if its processors are as fast as those here; `null` where there is no time. */
  readonly usd: Range | null;
}

/** Checks a log and estimates the training on it. Nothing but scratch files is written. */
export async function foreseeTraining(
  project: Project,
  { data, ...limits }: { readonly data: readonly string[]; readonly threads: number; readonly memory: number },
  session: Session,
): Promise<ForeseenTraining> {
  const log = await inspectLog(project, data, limits, session);
  const { training } = log;
  const seconds = training?.seconds && totalSeconds(training.seconds, training.readSeconds);
  const hour = taskHour(TRAINING_TASK);
  return { ...log, usd: seconds ? { least: (seconds.least / 3600) * hour, most: (seconds.most / 3600) * hour } : null };
}

/** Returns the summary of the log and what the training takes, as text for people. */
export function formatForeseenTraining({ summary, training, usd }: ForeseenTraining): string {
  const { cpu, memoryMiB } = TRAINING_TASK;
  const task = `a task of ${cpu / 1024} vCPU and ${memoryMiB / 1024} GiB`;
  return [
    formatLogSummary(summary),
    ...(training === null ? [] : formatTraining(training)),
    ...(usd === null
      ? []
      : [
          `  on AWS, in as long: ${precise(usd.least)} to ${precise(usd.most)} USD for ${task}, on demand at list prices of ${PRICES.asOf}`,
        ]),
    'dry run: nothing was trained, published or written',
  ].join('\n');
}
