import { describe, expect, it } from 'vitest';
import { accuracy, MeanScores, withSharedProduct } from '../../../lib/compare/result/measure.ts';
import { tallyKnown } from '../../../lib/evaluation/tally.ts';

describe('accuracy', () => {
  it('is the share of rows, by weight, on the right side of one half; unknown labels do not count', () => {
    const rows = {
      probability: Float32Array.of(0.9, 0.5, 0.4999, 0.1, 0.1),
      label: Int8Array.of(1, 0, 1, 0, -1),
      weight: Float32Array.of(1, 2, 3, 4, 5),
      group: null,
    };
    expect(accuracy(tallyKnown(rows))).toBe((1 + 4) / (1 + 2 + 3 + 4));
    expect(accuracy(tallyKnown({ ...rows, label: new Int8Array(5).fill(-1) }))).toBeNull();
  });
});

describe('scores', () => {
  it('are averaged row by row', () => {
    const scores = new MeanScores();
    scores.add({ pctr: Float32Array.of(0.25, 0.5) });
    scores.add({ pctr: Float32Array.of(0.75, 1) });
    expect(scores.mean()).toEqual({ pctr: Float32Array.of(0.5, 0.75) });
  });

  it('have the product of the shared pCTR and the own pCVR', () => {
    const { pctcvr_shared_ctr } = withSharedProduct({ pcvr: Float32Array.of(0.5, 0.25) }, Float32Array.of(0.5, 1));
    expect(pctcvr_shared_ctr).toEqual(Float32Array.of(0.25, 0.25));
  });
});
