/** Intervals of counts, shares and ratios by closed formulas. */

/** An interval; `upper` may be infinite. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** Half-width in standard deviations of an interval that holds 95% of the time. */
export const Z95 = 1.959963984540054;

/**
 * Returns the interval of the mean of a Poisson count, by Byar's approximation to the exact limits of Garwood (Breslow
 * and Day, Statistical Methods in Cancer Research II, IARC 1987, page 69). Of a sum of unlike 0/1 labels, whose variance
 * is smaller, it is at least as wide as it has to be.
 * @param z half-width in standard deviations
 */
export function countInterval(count: number, z: number): Interval {
  const next = count + 1;
  return {
    lower: count <= 0 ? 0 : count * Math.max(0, 1 - 1 / (9 * count) - z / (3 * Math.sqrt(count))) ** 3,
    upper: next * (1 - 1 / (9 * next) + z / (3 * Math.sqrt(next))) ** 3,
  };
}

/**
 * Returns the interval of predicted over observed (PCOC): the prediction over the interval of the count.
 * @param relative standard deviation of the prediction's logarithm, where the prediction is itself estimated
 */
export function ratioInterval(predicted: number, observed: number, z: number, relative = 0): Interval {
  const { lower, upper } = countInterval(observed, z);
  const factor = Math.exp(z * relative);
  return {
    lower: predicted / upper / factor,
    upper: lower === 0 ? Number.POSITIVE_INFINITY : (predicted / lower) * factor,
  };
}

/** Returns the interval of a share (Wilson, JASA 22, 1927). */
export function shareInterval(count: number, total: number, z: number): Interval {
  if (total === 0) return { lower: 0, upper: 1 };
  const [share, square] = [count / total, z * z];
  const centre = (share + square / (2 * total)) / (1 + square / total);
  const half = (z / (1 + square / total)) * Math.sqrt((share * (1 - share)) / total + square / (4 * total * total));
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/**
 * Returns the standard error of an AUC (Hanley and McNeil, Radiology 143, 1982, with their formulas of Q1 and Q2).
 */
export function aucError(auc: number, positives: number, negatives: number): number {
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc * auc) / (1 + auc);
  const variance =
    (auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)) /
    (positives * negatives);
  return Math.sqrt(Math.max(0, variance));
}
