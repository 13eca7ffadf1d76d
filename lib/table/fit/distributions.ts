/** The distribution of each feature's values in the training rows, as a small file of a model version. */
import type { Feature } from '../../config/declaration.ts';
import type { MeasuredFeatures, ValueFacts } from './measure/measure.ts';
import type { TopValue } from './measure/tallies.ts';

/** Name of the file, in a model version. */
export const DISTRIBUTIONS_FILE = 'distributions.json';

/** The distribution of a number. */
export interface NumberDistribution {
  readonly kind: 'number';
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** The values at even ranks, ascending. A frequent value occurs several times. */
  readonly values: readonly number[];
}

/** The distribution of a category, bag or cross. */
export interface ValueDistribution {
  readonly kind: 'values';
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** Number of values. It may exceed `rows`, since a row of a bag has several. */
  readonly total: number;
  /**
   * The most frequent values: hash and count, and the value itself if it is in a vocabulary. Other values are not
   * written, since a model version does not have them elsewhere either.
   */
  readonly top: readonly TopValue[];
}

/** The distribution of a feature's values. */
export type Distribution = NumberDistribution | ValueDistribution;

/** Distributions by feature. */
export type Distributions = Readonly<Record<string, Distribution>>;

/** Share that the most frequent value has of all values, to a thousandth for numbers; `null` without values. */
export function modeShare(distribution: Distribution): number | null {
  if (distribution.kind === 'values') {
    const [most] = distribution.top;
    return most === undefined ? null : most[1] / distribution.total;
  }
  const { values } = distribution;
  let [run, longest] = [0, 0];
  for (let rank = 0; rank < values.length; rank++) {
    run = rank > 0 && values[rank] === values[rank - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return values.length === 0 ? null : longest / values.length;
}

/** Returns the distribution of each feature's values, as they were measured in so many training rows. */
export function distributionsOf(features: readonly Feature[], measured: MeasuredFeatures, rows: number): Distributions {
  return Object.fromEntries(features.map(({ name }) => [name, distributionOf(name, measured, rows)]));
}

function distributionOf(name: string, { numbers, bags, values }: MeasuredFeatures, rows: number): Distribution {
  const number = numbers.get(name);
  if (number !== undefined) return { kind: 'number', rows, missing: number.missing, values: number.values };
  const { missing, total, top } = values.get(name) as ValueFacts;
  return { kind: 'values', rows, missing: bags.get(name)?.missing ?? missing, total, top };
}
