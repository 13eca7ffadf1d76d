import { describe, expect, it } from 'vitest';
import { topShares } from '../../lib/evaluation/ranking.ts';
import { calibrationError, equalWeightSlices, reliabilityCurve } from '../../lib/evaluation/reliability.ts';
import { sliceByWeight, type Tally, tallyOf as tallyOfRuns } from '../../lib/evaluation/tally.ts';

describe('sliceByWeight', () => {
  const tally = tallyOf([0.125, 0, 2], [0.25, 1, 3], [0.5, 2, 0]);

  it('cuts between rows of different probability', () => {
    expect(sliceByWeight(tally, [2, 6])).toEqual([
      { weight: 2, positive: 0, predicted: 0.25, lower: 0.125, upper: 0.125 },
      { weight: 4, positive: 1, predicted: 1, lower: 0.25, upper: 0.25 },
      { weight: 2, positive: 2, predicted: 1, lower: 0.5, upper: 0.5 },
    ]);
  });

  it('divides tied rows in proportion, more than once where several cuts fall among them', () => {
    expect(sliceByWeight(tally, [3, 4])).toEqual([
      { weight: 3, positive: 0.25, predicted: 0.5, lower: 0.125, upper: 0.25 },
      { weight: 1, positive: 0.25, predicted: 0.25, lower: 0.25, upper: 0.25 },
      { weight: 4, positive: 2.5, predicted: 1.5, lower: 0.25, upper: 0.5 },
    ]);
  });

  it('leaves no part of a positive row in the next slice where weights do not add up exactly', () => {
    const runs = Array.from({ length: 20 }, (_, run) => [run / 32, run === 6 ? 0.1 : 0, run === 6 ? 0 : 0.1] as const);
    const bins = reliabilityCurve(equalWeightSlices(tallyOf(...runs), 20));
    expect(bins.flatMap(({ pcoc }, bin) => (pcoc === null ? [] : [bin]))).toEqual([6]);
    expect(bins[6]?.pcoc).toBeCloseTo(6 / 32, 14);
  });
});

describe('topShares', () => {
  it('picks the same fraction of each row that is tied at the cut', () => {
    const [top] = topShares(tallyOf([0.25, 1, 2], [0.5, 0, 1]), [0.5]);
    expect(top?.precision.value).toBeCloseTo(1 / 6, 14);
    expect(top?.recall.value).toBeCloseTo(1 / 3, 14);
    expect(top?.f1.value).toBeCloseTo(2 / 9, 14);
  });

  it('has a recall of 1 where all rows are picked', () => {
    expect(topShares(tallyOf([0.25, 1, 2], [0.5, 0, 1]), [1])).toEqual([
      { share: 1, precision: { value: 0.25 }, recall: { value: 1 }, f1: { value: 0.4 } },
    ]);
  });
});

describe('calibrationError', () => {
  const errorOf = (tally: Tally) => calibrationError(equalWeightSlices(tally, 20), tally).value;

  it('is |c - rate| / rate for a constant prediction', () => {
    expect(errorOf(tallyOf([0.5, 25, 75]))).toBeCloseTo(1, 14);
  });

  it('is 0 where the rate of every bin is the predicted one', () => {
    expect(errorOf(tallyOf([0.25, 10, 30], [0.5, 20, 20]))).toBeCloseTo(0, 14);
  });
});

/** Returns a tally of runs, each given as [probability, weight of positives, weight of negatives]. */
function tallyOf(...runs: readonly (readonly [number, number, number])[]): Tally {
  return tallyOfRuns(
    {
      probability: Float32Array.from(runs, ([probability]) => probability),
      positive: Float64Array.from(runs, ([, positive]) => positive),
      negative: Float64Array.from(runs, ([, , negative]) => negative),
    },
    0,
  );
}
