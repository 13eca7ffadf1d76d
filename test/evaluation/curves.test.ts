import { describe, expect, it } from 'vitest';
import { liftByTenth, type RocPoint, rocCurve } from '../../lib/evaluation/curves.ts';
import { areaUnderCurve } from '../../lib/evaluation/ranking.ts';
import type { ScoredRows } from '../../lib/evaluation/rows.ts';
import { tallyKnown } from '../../lib/evaluation/tally.ts';
import { sampleFunnel } from './reference/sample.ts';

function rows(probability: readonly number[], label: readonly number[], weight: readonly number[] | null = null) {
  return {
    probability: Float32Array.from(probability),
    label: Int8Array.from(label),
    weight: weight && Float32Array.from(weight),
    group: null,
  } satisfies ScoredRows;
}

/** Returns the area under a curve by the trapezoidal rule. */
function area(curve: readonly RocPoint[]): number {
  return curve.slice(1).reduce((sum, { falsePositives: x, truePositives: y }, index) => {
    const before = curve[index] as RocPoint;
    return sum + ((x - before.falsePositives) * (y + before.truePositives)) / 2;
  }, 0);
}

describe('rocCurve', () => {
  it('goes from no row to all rows, with one step for each distinct probability', () => {
    const tally = tallyKnown(rows([0.1, 0.4, 0.4, 0.8], [0, 1, 0, 1]));
    expect(rocCurve(tally, 100)).toEqual([
      { falsePositives: 0, truePositives: 0 },
      { falsePositives: 0, truePositives: 0.5 },
      { falsePositives: 0.5, truePositives: 1 },
      { falsePositives: 1, truePositives: 1 },
    ]);
  });

  it('counts rows by their weights', () => {
    const tally = tallyKnown(rows([0.1, 0.4, 0.8], [0, 0, 1], [1, 3, 1]));
    expect(rocCurve(tally, 100)).toEqual([
      { falsePositives: 0, truePositives: 0 },
      { falsePositives: 0, truePositives: 1 },
      { falsePositives: 0.75, truePositives: 1 },
      { falsePositives: 1, truePositives: 1 },
    ]);
  });

  it('has the area of the exact AUC, with about as many points as asked for', () => {
    const { probabilities, labels, weight } = sampleFunnel();
    const [probability, label] = [probabilities.pctr as Float32Array, labels.click as Int8Array];
    const tally = tallyKnown({ probability, label, weight, group: null });
    const curve = rocCurve(tally, 120);
    expect(curve.length).toBeGreaterThan(100);
    expect(curve.length).toBeLessThan(130);
    expect(area(curve)).toBeCloseTo(areaUnderCurve(tally).value as number, 3);
  });

  it.each([[[1, 1]], [[0, 0]], [[-1, 1]]])('is empty where a class is missing: labels %j', (labels) => {
    expect(rocCurve(tallyKnown(rows([0.2, 0.3], labels)), 10)).toEqual([]);
  });
});

describe('liftByTenth', () => {
  it('starts with the greatest probabilities, and divides by the rate of all rows', () => {
    const probability = Array.from({ length: 20 }, (_, row) => row / 20);
    // The positives are both rows of the last tenth, and one row of the third.
    const label = probability.map((_, row) => Number(row >= 18 || row === 4));
    const lift = liftByTenth(tallyKnown(rows(probability, label)));
    expect(lift.map(({ tenth }) => tenth)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(lift.map(({ rate }) => rate)).toEqual([1, 0, 0, 0, 0, 0, 0, 0.5, 0, 0]);
    expect(lift[0]?.lift).toBeCloseTo(1 / 0.15, 12);
  });

  it('is 1 in every tenth where all rows are tied', () => {
    const lift = liftByTenth(tallyKnown(rows(new Array(7).fill(0.5), [1, 0, 0, 1, 0, 0, 0])));
    for (const bin of lift) expect(bin.lift).toBeCloseTo(1, 12);
  });

  it('is empty where there is no positive row', () => {
    expect(liftByTenth(tallyKnown(rows([0.1], [0])))).toEqual([]);
  });
});
