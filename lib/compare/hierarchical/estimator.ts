/**
 * The estimator of one stage: smoothed rates of several hierarchies, combined by logistic regression on their log-odds
 * (Lee et al., KDD 2012). The regression reads rates of the other folds, or a rate would know the label of its own row.
 */
import type { RandomStream } from '../../numbers/random.ts';
import { fitLogistic, predictLogistic } from './logistic.ts';
import { logOddsOf, type Rates, type RowsOfTree, smoothedRates } from './rates.ts';
import type { Tree } from './tree.ts';

const FOLDS = 5;

/** The training rows that reached the stage before. */
export interface StageRows {
  readonly trees: readonly { readonly tree: Tree; readonly nodes: readonly Int32Array[] }[];
  readonly label: Float32Array;
  readonly weight: Float32Array;
}

/** An estimator of the probability of a stage. */
export interface Estimator {
  readonly rates: readonly Rates[];
  /** Intercept, and a coefficient for each hierarchy. */
  readonly coefficients: Float64Array;
}

/** Fits the rates and their combination. `folds` draws the fold of each row, and `factor` is of the priors' strengths. */
export function fitEstimator(
  { trees, label, weight }: StageRows,
  { folds, factor }: { readonly folds: RandomStream; readonly factor: number },
): Estimator {
  const fold = Uint8Array.from(label, (_, row) => Math.floor(folds.uniform(row) * FOLDS));
  const inputs = trees.map(() => new Float64Array(label.length));
  for (let left = 0; left < FOLDS; left++) {
    const others = weight.map((own, row) => (fold[row] === left ? 0 : own));
    for (const [index, { tree, nodes }] of trees.entries()) {
      const logOdds = inputs[index] as Float64Array;
      const rates = smoothedRates(tree, { nodes, label, weight: others }, factor);
      for (let row = 0; row < label.length; row++) if (fold[row] === left) logOdds[row] = logOddsOf(rates, nodes, row);
    }
  }
  return {
    rates: trees.map(({ tree, nodes }) => smoothedRates(tree, { nodes, label, weight } satisfies RowsOfTree, factor)),
    coefficients: fitLogistic({ inputs, label, weight }),
  };
}

/** Returns the probabilities of rows by their nodes in each hierarchy. */
export function estimate(
  { rates, coefficients }: Estimator,
  nodes: readonly (readonly Int32Array[])[],
  rows: number,
): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) =>
    predictLogistic(
      coefficients,
      rates.map((own, index) => logOddsOf(own, nodes[index] as readonly Int32Array[], row)),
    ),
  );
}
