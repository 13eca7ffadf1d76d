/**
 * The median stopping rule: a trial ends early if its best loss so far is worse than the median of what the trials before
 * it had on average up to the same epoch (Golovin et al., Google Vizier, KDD 2017, section 3.2.2).
 */

/** Trials that must have been trained to their end before one is measured by them. */
const LEAST_TRIALS = 4;
/** Epochs that every trial is given. */
const LEAST_EPOCHS = 2;

/**
 * Whether a trial has no hope.
 *
 * @param losses those of the trial by epoch, so far
 * @param finished the losses by epoch of the trials that were trained to their end
 */
export function isHopeless(losses: readonly number[], finished: readonly (readonly number[])[]): boolean {
  if (losses.length < LEAST_EPOCHS || finished.length < LEAST_TRIALS) return false;
  const averages = finished.map((curve) => mean(curve.slice(0, losses.length)));
  return Math.min(...losses) > median(averages);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (!Number.isInteger(middle)) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
