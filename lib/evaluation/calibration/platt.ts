/** Platt scaling of edges: the slope and intercept of each logit, by maximum likelihood of reaching a stage. */
import type { Calibrator } from '../../model/calibrators.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import { solve } from '../../numbers/solve.ts';
import { reachMass } from './reach-mass.ts';

/** The towers to fit, and the rows to fit them on. */
export interface PlattProblem {
  readonly graph: StageGraph;
  /** Names of the towers that are fitted, all together. */
  readonly towers: readonly string[];
  /** The stage that the label is for. */
  readonly stage: string;
  /** Logits by tower name; those of towers that are not fitted are already calibrated. */
  readonly logits: Readonly<Record<string, Float64Array>>;
  /** 1 where the row reached the stage from the root, 0 where not, -1 where that is not known yet. */
  readonly label: Int8Array;
  readonly weight: Float32Array | null;
}

type Platt = Extract<Calibrator, { kind: 'platt' }>;

const ITERATIONS = 100;
/** Rows that are computed together, so that their intermediate values stay in the processor's caches. */
const BLOCK_ROWS = 2048;
const TOLERANCE = 1e-10;

/**
 * Maximises the likelihood of the label over all rows of known label, by Fisher scoring with step halving. A slope that
 * would be negative is held at 0, because calibration must not reverse a ranking.
 * @returns the calibrators by tower name.
 */
export function fitPlatt(problem: PlattProblem): Record<string, Platt> {
  const held = new Set<number>();
  for (;;) {
    const parameters = maximize(problem, held);
    const negative = problem.towers.findIndex((_, i) => !held.has(i) && (parameters[2 * i] as number) < 0);
    if (negative < 0)
      return Object.fromEntries(
        problem.towers.map((tower, i) => [
          tower,
          { kind: 'platt', slope: parameters[2 * i] as number, intercept: parameters[2 * i + 1] as number },
        ]),
      );
    held.add(negative);
  }
}

/** Returns the slope and intercept of each tower in turn. The slopes of the towers at the positions in `held` are 0. */
function maximize(problem: PlattProblem, held: ReadonlySet<number>): number[] {
  let parameters = problem.towers.flatMap((_, i) => [held.has(i) ? 0 : 1, 0]);
  const free = parameters.map((_, i) => i).filter((i) => i % 2 === 1 || !held.has(i / 2));
  let current = evaluate(problem, parameters, free);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const step = solve(ridged(current.information), current.gradient);
    let next = current;
    let factor = 1;
    let moved = parameters;
    for (; factor > 1e-9; factor /= 2) {
      moved = [...parameters];
      for (const [i, index] of free.entries()) moved[index] = (moved[index] as number) + factor * (step[i] as number);
      next = evaluate(problem, moved, free);
      if (next.logLikelihood >= current.logLikelihood) break;
    }
    if (next.logLikelihood < current.logLikelihood) return parameters;
    const gained = next.logLikelihood - current.logLikelihood;
    parameters = moved;
    current = next;
    if (gained <= TOLERANCE * Math.abs(current.logLikelihood)) return parameters;
  }
  return parameters;
}

/** The log-likelihood, with its derivatives by the free parameters. */
interface Likelihood {
  readonly logLikelihood: number;
  readonly gradient: Float64Array;
  /** The expected Fisher information, an array for each row of the matrix. */
  readonly information: Float64Array[];
}

/** Computes the likelihood at the given parameters. `free` has the positions of those that are not held. */
function evaluate(problem: PlattProblem, parameters: readonly number[], free: readonly number[]): Likelihood {
  const { graph, towers, stage, logits, label, weight } = problem;
  const gradient = new Float64Array(free.length);
  const information = free.map(() => new Float64Array(free.length));
  const derivative = new Float64Array(free.length);
  let logLikelihood = 0;
  for (let start = 0; start < label.length; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, label.length);
    const rawOf = (tower: string) => (logits[tower] as Float64Array).subarray(start, end);
    const logitsOf = (tower: string) => {
      const i = towers.indexOf(tower);
      const [slope, intercept] = [parameters[2 * i] as number, parameters[2 * i + 1] as number];
      return i < 0 ? rawOf(tower) : rawOf(tower).map((x) => slope * x + intercept);
    };
    const way = { from: graph.root, to: stage, rows: end - start, differentiated: towers };
    const { reached, missed, slopes } = reachMass(graph, logitsOf, way);
    const inputs = towers.map(rawOf);
    for (let row = 0; row < end - start; row++) {
      const y = label[start + row] as number;
      if (y < 0) continue;
      const [hit, miss] = [reached[row] as number, missed[row] as number];
      const w = weight === null ? 1 : (weight[start + row] as number);
      // A probability below the smallest float64 would make the likelihood of all rows infinite.
      const variance = Math.max(hit * miss, Number.MIN_VALUE);
      logLikelihood += w * Math.log(Math.max(y === 1 ? hit : miss, Number.MIN_VALUE));
      for (let i = 0; i < free.length; i++) {
        const index = free[i] as number;
        const input = index % 2 === 0 ? (inputs[index >> 1]?.[row] as number) : 1;
        derivative[i] = (slopes[index >> 1]?.[row] as number) * input;
      }
      addRow({ gradient, information }, derivative, { residual: y - hit, weight: w, variance });
    }
  }
  return { logLikelihood, gradient, information };
}

/** Adds the derivatives of one row's likelihood. */
function addRow(
  { gradient, information }: Pick<Likelihood, 'gradient' | 'information'>,
  derivative: Float64Array,
  { residual, weight, variance }: { readonly residual: number; readonly weight: number; readonly variance: number },
): void {
  const slope = (weight * residual) / variance;
  for (let i = 0; i < derivative.length; i++) {
    const d = derivative[i] as number;
    gradient[i] = (gradient[i] as number) + slope * d;
    const line = information[i] as Float64Array;
    for (let j = 0; j < derivative.length; j++)
      line[j] = (line[j] as number) + (weight * d * (derivative[j] as number)) / variance;
  }
}

/** Returns a matrix with a tiny ridge on its diagonal, so that a singular system has a solution. */
function ridged(matrix: readonly Float64Array[]): Float64Array[] {
  return matrix.map((line, i) => line.map((value, j) => (j === i ? value * (1 + 1e-12) + 1e-12 : value)));
}
