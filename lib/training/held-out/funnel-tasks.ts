/** What is measured of a declaration's model. */
import type { Declaration } from '../../config/declaration.ts';
import { type FunnelTask, roleTasks } from '../../evaluation/funnel.ts';
import { delayTarget } from '../../model/losses/delays.ts';
import { stageGraph } from '../../model/stage-graph.ts';
import type { LogSummary } from '../../table/fit/summary.ts';
import type { StageRates } from '../weights/initial-weights.ts';

/** CTR, CVR on clicked rows and CTCVR by role, and every other output whose label is in the log. */
export function funnelTasks(declaration: Declaration): FunnelTask[] {
  const { root, labelled, outputs } = stageGraph(declaration);
  const { roles } = declaration;
  const isLabelled = (stage: string) => labelled.some(({ name }) => name === stage);
  const byRole = roles === null ? [] : roleTasks(roles, root);
  const others = outputs
    .filter(({ name }) => !byRole.some(({ output }) => output === name))
    .map(
      ({ name, from, to }): FunnelTask => ({
        name,
        title: name,
        output: name,
        label: to,
        given: from === root ? null : from,
      }),
    );
  return [...byRole, ...others].filter(
    ({ label, given }) => isLabelled(label) && (given === null || isLabelled(given)),
  );
}

/**
 * What can be measured on a log that may lack labels: of an output that is conditioned on a stage without a label, all
 * rows, as if each had reached that stage.
 */
export function measurableTasks(declared: Declaration, { stages }: Pick<Declaration, 'stages'>): FunnelTask[] {
  const isThere = (stage: string) => stages.some(({ name, label }) => name === stage && label !== null);
  return funnelTasks(declared).flatMap((task) => {
    if (!isThere(task.label)) return [];
    return task.given === null || isThere(task.given)
      ? [task]
      : [{ ...task, title: `${task.output} (all rows)`, given: null }];
  });
}

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
