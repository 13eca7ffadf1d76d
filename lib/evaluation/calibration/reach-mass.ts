/** The probability of reaching a stage, for one row and in float64, as needed to fit calibrators. */
import { leadsTo, type StageGraph, type Tower, towerToward } from '../../model/stage-graph.ts';

/**
 * The probability mass that reaches a stage and the mass that misses it. Both are sums of products, because 1 - p would
 * lose a small mass to rounding.
 */
export interface ReachMass {
  readonly reached: number;
  readonly missed: number;
  /** Derivatives of `reached` by the logits of the towers in `differentiated`, in their order. */
  readonly slopes: readonly number[];
}

/**
 * Returns the mass that reaches `to` from `from`, over all paths.
 *
 * @param logitOf returns the logit of a tower by its name
 * @param differentiated names of the towers by whose logits the mass is differentiated
 * @throws {RangeError} where a tower has more than one logit, or `to` cannot be reached.
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

/** Returns the stage that a tower's logit is for, and its complement: `null` where that is leaving the funnel. */
function waysOf({ name, to, complement }: Tower): readonly [string, string | null] {
  const members = to.filter((stage) => stage !== complement);
  if (members.length !== 1) throw new RangeError(`tower ${name} is a softmax of several stages, expected one logit`);
  return [members[0] as string, complement];
}

function sigmoid(x: number): number {
  return x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
}
