import { describe, expect, it } from 'vitest';
import { addBins, allBins, BIN_STARTS, countLogits, LOGIT_BINS, trimmedBins } from '../../lib/numbers/logit-bins.ts';

describe('logit bins', () => {
  it('have each probability that the logit puts there', () => {
    const probabilities = Float32Array.from({ length: 20_000 }, (_, i) => 1 / (1 + Math.exp(14 - (i * 22) / 20_000)));
    for (const probability of probabilities) {
      const counts = new Uint32Array(LOGIT_BINS);
      countLogits(Float32Array.of(probability), counts);
      const logit = Math.log(probability / (1 - probability));
      expect(counts[Math.min(63, Math.max(0, Math.floor((logit + 12) / 0.25)))]).toBe(1);
    }
  });

  it('begin with the least float32 that is not below their start', () => {
    for (const [bin, start] of BIN_STARTS.entries()) {
      const neighbours = new Float32Array([start, 0, 0]);
      const bits = new Int32Array(neighbours.buffer);
      for (const [index, step] of [0, 1, -1].entries()) bits[index] = Math.max(0, (bits[0] as number) + step);
      for (const probability of neighbours) {
        const counts = new Uint32Array(LOGIT_BINS);
        countLogits(Float32Array.of(probability), counts);
        const expected = probability >= start ? bin : bin - 1;
        expect(counts[expected], `${probability} beside the start of bin ${bin}`).toBe(1);
      }
    }
  });

  it('are open at both ends', () => {
    const counts = new Uint32Array(LOGIT_BINS);
    countLogits(Float32Array.of(0, -0, 1e-30, 1, 0.98), counts);
    expect([counts[0], counts[63]]).toEqual([3, 2]);
  });

  it('are kept without the zeros at both ends, and added', () => {
    const few = trimmedBins([...new Array(10).fill(0), 5, 0, 7, ...new Array(51).fill(0)]);
    expect(few).toEqual({ from: 10, values: [5, 0, 7] });
    expect(trimmedBins(allBins(few))).toEqual(few);
    expect(addBins(few, { from: 12, values: [1, 1] })).toEqual({ from: 10, values: [5, 0, 8, 1] });
    expect(trimmedBins(new Array(64).fill(0))).toEqual({ from: 0, values: [] });
  });
});
