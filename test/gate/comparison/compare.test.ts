import { describe, expect, it } from 'vitest';
import { drawUnits, groupUnits, quantile } from '../../../lib/gate/comparison/bootstrap.ts';
import type { GateInput } from '../../../lib/gate/input.ts';
import { judge } from '../../../lib/gate/judge.ts';
import { simulate } from '../simulate.ts';

const RESAMPLES = 2000;

/** AUC where each row counts as often as is said, by its definition. */
function weightedAuc(probability: Float32Array, label: Int8Array, times: (row: number) => number): number {
  const order = [...probability.keys()].sort((a, b) => (probability[a] as number) - (probability[b] as number));
  let [won, positives, negatives] = [0, 0, 0];
  for (const row of order) {
    if (label[row] === 1) {
      won += times(row) * negatives;
      positives += times(row);
    } else negatives += times(row);
  }
  return won / (positives * negatives);
}

/** AUCs of both models in every resample, each by a pass over all rows. */
function resampled({ rows, challenger, champion, seed }: GateInput) {
  const units = groupUnits(rows.group?.of as Float64Array);
  const label = rows.labels.click as Int8Array;
  const [own, other] = [challenger, champion].map((model) => model?.probabilities.pctr as Float32Array);
  return Array.from(drawUnits(units.count, { resamples: RESAMPLES, seed }), (drawn) => {
    const times = (row: number) => drawn[units.of[row] as number] as number;
    return [own, other].map((probability) => weightedAuc(probability as Float32Array, label, times));
  });
}

describe('an interval of an AUC, and of a difference of two', () => {
  it('is that of computing both from the rows of each resample, where users differ from each other', () => {
    const input = simulate({ seed: 11, users: 120, perUser: 8, championNoise: 0.8, challengerNoise: 0.3 });
    const [ctr] = judge(input).figures.outputs;
    const aucs = resampled(input);
    const expected = (of: (both: readonly number[]) => number) => {
      const ascending = Float64Array.from(aucs, of).sort();
      return { lower: quantile(ascending, 0.025), upper: quantile(ascending, 0.975) };
    };
    for (const [got, exact] of [
      [ctr?.challenger.auc, expected(([own = 0]) => own)],
      [ctr?.champion?.auc, expected(([, other = 0]) => other)],
      [ctr?.difference?.auc, expected(([own = 0, other = 0]) => own - other)],
    ] as const) {
      const width = exact.upper - exact.lower;
      expect(Math.abs((got?.lower ?? 0) - exact.lower)).toBeLessThan(0.03 * width);
      expect(Math.abs((got?.upper ?? 0) - exact.upper)).toBeLessThan(0.03 * width);
    }
  });

  it('does not exceed 1', () => {
    const input = simulate({ seed: 12, users: 40, perUser: 2 });
    const click = input.rows.labels.click as Int8Array;
    // All but one of the positives rank above all negatives.
    const first = click.indexOf(1);
    const pctr = Float32Array.from(click, (value, row) => (value === 1 && row !== first ? 0.9 : 0.1));
    const probabilities = { ...input.challenger.probabilities, pctr };
    const [ctr] = judge({ ...input, challenger: { ...input.challenger, probabilities } }).figures.outputs;
    expect(ctr?.challenger.auc.lower).toBeLessThan(1);
    expect(ctr?.challenger.auc.upper).toBe(1);
  });
});
