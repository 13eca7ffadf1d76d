/** What is measured of a declaration's model. */
import type { Declaration } from '../../config/declaration.ts';
import { type FunnelTask, roleTasks } from '../../evaluation/funnel.ts';
import { stageGraph } from '../../model/stage-graph.ts';

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
