/** The probability of reaching a stage, for some rows and in float64, as needed to fit calibrators. */
import { leadsTo, type StageGraph, type Tower, towerToward } from '../../model/stage-graph.ts';

/**
 * The probability mass of each row that reaches a stage and the mass that misses it. Both are sums of products, because
 * 1 - p would lose a small mass to rounding.
 */
export interface ReachMass {
  readonly reached: Float64Array;
  readonly missed: Float64Array;
  /** Derivatives of `reached` by the logits of the towers in `differentiated`, in their order. */
  readonly slopes: readonly Float64Array[];
}

/** From where to where, of how many rows, and the names of the towers by whose logits the mass is differentiated. */
export interface ReachOptions {
  readonly from: string;
  readonly to: string;
  readonly rows: number;
  /** @default none */
  readonly differentiated?: readonly string[];
}

/**
 * Returns the mass that reaches `to` from `from`, over all paths.
 *
 * @param logitsOf returns the logits of the rows of a tower by its name
 * @throws {RangeError} where a tower has more than one logit, or `to` cannot be reached.
 */
export function reachMass(
  graph: StageGraph,
  logitsOf: (tower: string) => Float64Array,
  { from, to, rows, differentiated = [] }: ReachOptions,
): ReachMass {
  if (from === to) return certain(1, rows, differentiated);
  const tower = towerToward(graph, from, to);
  if (tower === undefined) throw new RangeError(`${to} cannot be reached from ${from}`);
  const [member, other] = waysOf(tower);
  const next = (stage: string | null): ReachMass =>
    stage !== null && leadsTo(graph, stage, to)
      ? reachMass(graph, logitsOf, { from: stage, to, rows, differentiated })
      : certain(0, rows, differentiated);
  const [first, second] = [next(member), next(other)];
  const logits = logitsOf(tower.name);
  const [reached, missed] = [new Float64Array(rows), new Float64Array(rows)];
  const slopes = differentiated.map(() => new Float64Array(rows));
  const own = differentiated.indexOf(tower.name);
  for (let row = 0; row < rows; row++) {
    const [p, q] = sigmoids(logits[row] as number);
    const [ifMember, ifOther] = [first.reached[row] as number, second.reached[row] as number];
    reached[row] = p * ifMember + q * ifOther;
    missed[row] = p * (first.missed[row] as number) + q * (second.missed[row] as number);
    for (let i = 0; i < slopes.length; i++)
      (slopes[i] as Float64Array)[row] =
        p * (first.slopes[i]?.[row] as number) +
        q * (second.slopes[i]?.[row] as number) +
        (i === own ? p * q * (ifMember - ifOther) : 0);
  }
  return { reached, missed, slopes };
}

/** The mass of rows that have reached the stage, or that cannot reach it any more. */
function certain(reached: 0 | 1, rows: number, differentiated: readonly string[]): ReachMass {
  return {
    reached: new Float64Array(rows).fill(reached),
    missed: new Float64Array(rows).fill(1 - reached),
    slopes: differentiated.map(() => new Float64Array(rows)),
  };
}

/** Returns the stage that a tower's logit is for, and its complement: `null` where that is leaving the funnel. */
function waysOf({ name, to, complement }: Tower): readonly [string, string | null] {
  const members = to.filter((stage) => stage !== complement);
  if (members.length !== 1) throw new RangeError(`tower ${name} is a softmax of several stages, expected one logit`);
  return [members[0] as string, complement];
}

/** The probability of a logit, and that of its complement. */
function sigmoids(x: number): readonly [number, number] {
  const e = Math.exp(-Math.abs(x));
  const [likely, unlikely] = [1 / (1 + e), e / (1 + e)];
  return x < 0 ? [unlikely, likely] : [likely, unlikely];
}
