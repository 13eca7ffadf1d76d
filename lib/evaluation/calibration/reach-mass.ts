/** Probabilities of reaching a stage, row by row in float64: what calibrators are fitted with. */
import { leadsTo, type StageGraph, type Tower, towerToward } from '../../model/stage-graph.ts';

/** Both sides, so that neither is ever the other's difference from 1, and how the first changes with chosen logits. */
export interface ReachMass {
  readonly reached: number;
  readonly missed: number;
  /** d reached / d logit, in the order of the towers that were asked for. */
  readonly slopes: readonly number[];
}

/**
 * The mass that reaches `to` from `from` where the towers' logits are `logitOf`, each a tower of one logit.
 * @throws {RangeError} for a softmax of several stages.
 */
export function reachMass(
  graph: StageGraph,
  logitOf: (tower: string) => number,
  { from, to }: { readonly from: string; readonly to: string },
  differentiated: readonly string[] = [],
): ReachMass {
  if (from === to) return { reached: 1, missed: 0, slopes: differentiated.map(() => 0) };
  const tower = towerToward(graph, from, to);
  if (tower === undefined) throw new RangeError(`${to} cannot be reached from ${from}`);
  const [member, other] = waysOf(tower);
  const next = (stage: string | null): ReachMass =>
    stage !== null && leadsTo(graph, stage, to)
      ? reachMass(graph, logitOf, { from: stage, to }, differentiated)
      : { reached: 0, missed: 1, slopes: differentiated.map(() => 0) };
  const [first, second] = [next(member), next(other)];
  const logit = logitOf(tower.name);
  const [p, q] = [sigmoid(logit), sigmoid(-logit)];
  const own = differentiated.indexOf(tower.name);
  return {
    reached: p * first.reached + q * second.reached,
    missed: p * first.missed + q * second.missed,
    slopes: differentiated.map(
      (_, i) =>
        p * (first.slopes[i] as number) +
        q * (second.slopes[i] as number) +
        (i === own ? p * q * (first.reached - second.reached) : 0),
    ),
  };
}

/** The stage that the logit is for, and its complement; `null` for leaving. */
function waysOf({ name, to, complement }: Tower): readonly [string, string | null] {
  const members = to.filter((stage) => stage !== complement);
  if (members.length !== 1) throw new RangeError(`tower ${name} is a softmax of several stages, expected one logit`);
  return [members[0] as string, complement];
}

function sigmoid(x: number): number {
  return x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
}
