/** How strongly the rates of nodes are drawn to those of their parents: the beta-binomial model. */
import { logGamma } from '../../numbers/log-gamma.ts';

/** The nodes of a level: trials and successes, and the rate that is expected of each, that of its parent. */
export interface Counts {
  readonly trials: Float64Array;
  readonly successes: Float64Array;
  readonly expected: Float64Array;
}

/** The range of strengths, as logarithms: from children that share nothing to children that do not differ. */
const [LEAST, MOST] = [Math.log(0.1), Math.log(1e6)];
const GRID = 24;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Returns the logarithm of the likelihood of the successes, but for a constant: each node's rate is drawn from
 * Beta(strength * expected, strength * (1 - expected)).
 */
export function logLikelihood({ trials, successes, expected }: Counts, strength: number): number {
  let sum = 0;
  for (let node = 0; node < trials.length; node++) {
    const [n, y] = [trials[node] as number, successes[node] as number];
    if (n === 0) continue;
    const a = strength * (expected[node] as number);
    const b = strength - a;
    sum += logGamma(a + y) - logGamma(a) + logGamma(b + n - y) - logGamma(b);
    sum -= logGamma(strength + n) - logGamma(strength);
  }
  return sum;
}

/** Returns the strength of the greatest likelihood, by a grid and a golden-section search; the greatest one of no node. */
export function likeliestStrength(counts: Counts): number {
  const at = (log: number) => logLikelihood(counts, Math.exp(log));
  const step = (MOST - LEAST) / GRID;
  const grid = Array.from({ length: GRID + 1 }, (_, index) => LEAST + index * step);
  const values = grid.map(at);
  // Of equal ones the last: nothing then tells the children apart.
  const best = grid[values.lastIndexOf(Math.max(...values))] as number;
  let [low, high] = [Math.max(LEAST, best - step), Math.min(MOST, best + step)];
  while (high - low > 1e-6) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (at(left) > at(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}
