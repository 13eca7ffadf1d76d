/** Intervals over users of the difference of two models in their distance from the truth. */
import { type BootstrapOptions, drawUnits, quantile } from '../../gate/comparison/bootstrap.ts';
import type { Interval } from '../../gate/comparison/compare.ts';
import { SUM_NAMES, TRUTH_FIGURE_NAMES, type TruthFigure, type TruthSums, truthValues } from './figures.ts';
import { totalsOf } from './sums.ts';

/**
 * Returns the differences own - reference, with the interval that holds 95% of resamples of whole units.
 * @param own, reference sums by unit over the same rows.
 */
export function truthIntervals(
  own: TruthSums<Float64Array>,
  reference: TruthSums<Float64Array>,
  options: BootstrapOptions,
): Readonly<Record<TruthFigure, Interval>> {
  const units = own.weight.length;
  const whole = { own: truthValues(totalsOf(own)), reference: truthValues(totalsOf(reference)) };
  const resampled = TRUTH_FIGURE_NAMES.map(() => new Float64Array(options.resamples));
  let resample = 0;
  for (const drawn of drawUnits(units, options)) {
    const a = truthValues(sumsOf(own, drawn), whole.own.auc);
    const b = truthValues(sumsOf(reference, drawn), whole.reference.auc);
    for (const [index, figure] of TRUTH_FIGURE_NAMES.entries())
      (resampled[index] as Float64Array)[resample] = (a[figure] ?? Number.NaN) - (b[figure] ?? Number.NaN);
    resample++;
  }
  const entries = TRUTH_FIGURE_NAMES.map((figure, index) => {
    const ascending = (resampled[index] as Float64Array).sort();
    const [value, other] = [whole.own[figure], whole.reference[figure]];
    const bound = (share: number) => {
      const limit = quantile(ascending, share);
      return Number.isFinite(limit) ? limit : null;
    };
    const difference = value === null || other === null ? null : value - other;
    return [figure, { value: difference, lower: bound(0.025), upper: bound(0.975) }] as const;
  });
  return Object.fromEntries(entries) as Record<TruthFigure, Interval>;
}

function sumsOf(sums: TruthSums<Float64Array>, drawn: Uint32Array): TruthSums<number> {
  const entries = SUM_NAMES.map((name) => {
    const values = sums[name];
    let sum = 0;
    for (let unit = 0; unit < drawn.length; unit++) sum += (drawn[unit] as number) * (values[unit] as number);
    return [name, sum] as const;
  });
  return Object.fromEntries(entries) as unknown as TruthSums<number>;
}
