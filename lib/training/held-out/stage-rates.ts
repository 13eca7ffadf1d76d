/** How often the stages of a log are reached, and how late. */
import type { FunnelTask } from '../../evaluation/funnel.ts';
import { delayTarget } from '../../model/losses/delays.ts';
import type { LogSummary } from '../../table/fit/summary.ts';
import type { StageRates } from '../weights/initial-weights.ts';

/** Share of the weighted training rows of known label that reached each labelled stage, and mean delays in days. */
export function stageRates({ parts: { train } }: Pick<LogSummary, 'parts'>): StageRates {
  const rates = Object.entries(train.labels).map(([stage, { weightedPositives, weightedRows }]) => {
    return [stage, weightedPositives / weightedRows] as const;
  });
  const delays = Object.entries(train.meanDelays).map(([stage, days]) => [delayTarget(stage), days] as const);
  return Object.fromEntries([...rates, ...delays]);
}

/** Mean label of a task's training rows, from the share of all training rows that reached each stage. */
export function taskRates(tasks: readonly FunnelTask[], rates: StageRates): Record<string, number> {
  return Object.fromEntries(
    tasks.map(({ name, label, given }) => [name, (rates[label] ?? 0) / (given === null ? 1 : (rates[given] ?? 1))]),
  );
}
