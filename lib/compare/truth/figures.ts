/** The figures by which a model's pcvr is measured against the truth, and the rows over which. */

/** The figures, by their keys in `comparison.json`. */
export const TRUTH_FIGURES = {
  mean_absolute_error: { title: 'absolute error', words: 'mean absolute error of pcvr' },
  mean_relative_error: { title: 'relative error', words: 'mean error of pcvr over its truth' },
  log_odds_rmse: { title: 'log-odds RMSE', words: 'root mean squared error of the log-odds of pcvr' },
  bias: { title: 'bias', words: 'mean pcvr over mean truth' },
  auc: { title: 'AUC', words: 'AUC that pcvr has to expect, if each row converted by its truth' },
} as const;

export type TruthFigure = keyof typeof TRUTH_FIGURES;
export const TRUTH_FIGURE_NAMES = Object.keys(TRUTH_FIGURES) as readonly TruthFigure[];

/** The test rows over which they are measured: those of a known click label, and all. */
export const ROW_SETS = ['clicked', 'unclicked', 'all'] as const;
export type RowSet = (typeof ROW_SETS)[number];

/** Probabilities are taken for as close to 0 and 1 as this where their log-odds are measured. */
export const LEAST_PROBABILITY = 1e-6;

/** What a set of rows says of a pcvr: sums, by weight, over rows or units of them. */
export interface TruthSums<Sum> {
  readonly weight: Sum;
  readonly truth: Sum;
  readonly predicted: Sum;
  readonly absolute: Sum;
  readonly relative: Sum;
  readonly squaredLogOdds: Sum;
  /** Of the truths, times the share of all that does not convert and ranks lower, where a tie counts one half. */
  readonly won: Sum;
  /** Of what does not convert, times the share of all truths that ranks higher. */
  readonly lost: Sum;
}

export const SUM_NAMES = [
  'weight',
  'truth',
  'predicted',
  'absolute',
  'relative',
  'squaredLogOdds',
  'won',
  'lost',
] as const satisfies readonly (keyof TruthSums<number>)[];

/** Figures by key; `null` where the rows do not define one. */
export type TruthValues = Readonly<Record<TruthFigure, number | null>>;

/**
 * Returns the figures of sums over rows.
 * @param auc of all rows, where the sums are of a resample of them: its own is known by first order.
 */
export function truthValues(sums: TruthSums<number>, auc: number | null = null): TruthValues {
  const { weight, truth, predicted, absolute, relative, squaredLogOdds, won, lost } = sums;
  const [ofPositives, ofNegatives] = [won / truth, lost / (weight - truth)];
  return {
    mean_absolute_error: finite(absolute / weight),
    mean_relative_error: finite(relative / weight),
    log_odds_rmse: finite(Math.sqrt(squaredLogOdds / weight)),
    bias: finite(predicted / truth),
    auc: finite(auc === null ? ofPositives : ofPositives + ofNegatives - auc),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
