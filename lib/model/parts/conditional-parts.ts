/** The parts of a funnel whose conditional losses have no tower in common. */

import { labelledBefore, leadsTo, type StageGraph, type Tower } from '../stage-graph.ts';
import type { PartStages } from './network-of-parts.ts';

/**
 * Splits the labelled stages of a graph into parts. The loss of a stage is that of reaching it from the labelled stage
 * before it, and involves the towers between the two; stages with a tower in common are in one part. The rows of a part
 * are those that reached the first of the stages that its losses start from.
 */
export function conditionalParts(graph: StageGraph): PartStages[] {
  let parts: PartStages[] = [];
  for (const { name } of graph.labelled) {
    const own = { root: labelledBefore(graph, name), labelled: [name], towers: towersBetween(graph, name) };
    const joined = parts.filter(({ towers }) => towers.some((tower) => own.towers.includes(tower)));
    parts = [
      ...parts.filter((part) => !joined.includes(part)),
      [...joined, own].reduce((a, b) => joinParts(graph, a, b)),
    ];
  }
  return parts;
}

function towersBetween(graph: StageGraph, stage: string): readonly Tower[] {
  const before = labelledBefore(graph, stage);
  return graph.towers.filter(
    ({ from, to }) => leadsTo(graph, before, from) && to.some((next) => leadsTo(graph, next, stage)),
  );
}

function joinParts({ stages, towers }: StageGraph, a: PartStages, b: PartStages): PartStages {
  return {
    // Where losses with a tower in common start from two stages, one of these lies on every path to the other.
    root: stages.indexOf(a.root) <= stages.indexOf(b.root) ? a.root : b.root,
    towers: towers.filter((tower) => a.towers.includes(tower) || b.towers.includes(tower)),
    labelled: [...a.labelled, ...b.labelled],
  };
}
