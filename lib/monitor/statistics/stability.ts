/** The population stability index of scores, and how large it is by chance. */
import { allBins, type Bins } from '../../numbers/logit-bins.ts';
import { upperChiSquareQuantile } from '../../numbers/normal-quantile.ts';
import { totalOf } from './curves.ts';

/** Groups of about equally many rows that the reference is divided into. */
const GROUPS = 10;

/** A population stability index. */
export interface Stability {
  readonly index: number;
  readonly groups: number;
  /** What chance exceeds with the probability that was asked for, if nothing has changed. */
  readonly chance: number;
}

/**
 * Returns the population stability index of two histograms: the sum of (p - q) ln(p / q) over groups of neighbouring
 * bins, which have about a tenth of the reference each. Without a change it is distributed as (1/n + 1/m) times a
 * chi-square of one degree of freedom less than there are groups (Yurdakul, Statistical Properties of Population
 * Stability Index, 2018). `null` where either has no rows, or all of the reference is in one bin.
 */
export function stabilityOf(own: Bins, reference: Bins, probability: number): Stability | null {
  const [n, m] = [totalOf(own), totalOf(reference)];
  if (n === 0 || m === 0) return null;
  const [left, right] = [allBins(own), allBins(reference)];
  const groups = groupsOf(right, m / GROUPS);
  if (groups.length < 2) return null;
  const sum = (values: readonly number[], [from, to]: readonly [number, number]) =>
    values.slice(from, to).reduce((total, value) => total + value, 0);
  const index = groups.reduce((total, group) => {
    // Half a row more in each keeps an empty group finite.
    const p = (sum(left, group) + 0.5) / (n + groups.length / 2);
    const q = (sum(right, group) + 0.5) / (m + groups.length / 2);
    return total + (p - q) * Math.log(p / q);
  }, 0);
  const chance = (1 / n + 1 / m) * upperChiSquareQuantile(groups.length - 1, probability);
  return { index, groups: groups.length, chance };
}

/** Returns ranges of bins that have at least so many rows each and are all bins together. */
function groupsOf(counts: readonly number[], least: number): (readonly [number, number])[] {
  const groups: (readonly [number, number])[] = [];
  let [from, rows] = [0, 0];
  for (const [bin, count] of counts.entries()) {
    rows += count;
    if (rows < least) continue;
    groups.push([from, bin + 1]);
    [from, rows] = [bin + 1, 0];
  }
  const last = groups.pop();
  return last === undefined ? [] : [...groups, [last[0], counts.length]];
}
