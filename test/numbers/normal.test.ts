import { describe, expect, it } from 'vitest';
import { fillNormal } from '../../lib/numbers/normal.ts';
import { randomStream } from '../../lib/numbers/random.ts';

const SIZE = 200_000;

/** The share of a normal distribution below some values, as scipy.stats.norm.cdf has it. */
const SHARES = [
  [-4, 3.167124183311986e-5],
  [-3.442619855899, 2.8805425619582437e-4],
  [-3, 1.3498980316300933e-3],
  [-2, 0.022750131948179195],
  [-1, 0.15865525393145707],
  [-0.5, 0.3085375387259869],
  [-0.1, 0.460172162722971],
  [0, 0.5],
  [0.25, 0.5987063256829237],
  [0.75, 0.7733726476231317],
  [1.5, 0.9331927987311419],
  [2.5, 0.9937903346742238],
  [3.5, 0.9997673709209645],
] as const;

describe('normal draws', () => {
  it('have the shares of a normal distribution below every value, and beyond the last layer', () => {
    const values = fillNormal(new Float32Array(SIZE), 0.5, randomStream(9, 'normal'));
    for (const [limit, share] of SHARES) {
      const below = values.reduce((count, value) => count + (value < 0.5 * limit ? 1 : 0), 0);
      // Four standard deviations of such a count.
      expect(Math.abs(below - share * SIZE)).toBeLessThan(4 * Math.sqrt(share * (1 - share) * SIZE));
    }
  });

  it('have a kurtosis of 3 and no correlation between neighbours', () => {
    const values = fillNormal(new Float32Array(SIZE), 1, randomStream(4, 'normal'));
    const mean = (of: (value: number, index: number) => number) =>
      values.reduce((sum, value, index) => sum + of(value, index), 0) / SIZE;
    expect(Math.abs(mean((value) => value))).toBeLessThan(0.009);
    expect(Math.abs(mean((value) => value ** 2) - 1)).toBeLessThan(0.013);
    expect(Math.abs(mean((value) => value ** 4) - 3)).toBeLessThan(0.09);
    expect(Math.abs(mean((value, index) => value * (values[index + 1] ?? 0)))).toBeLessThan(0.009);
  });

  it('depend on the stream and their index alone', () => {
    const random = randomStream(2, 'embedding/item');
    const many = fillNormal(new Float32Array(5000), 0.01, random);
    expect(fillNormal(new Float32Array(4000), 0.01, random)).toEqual(many.subarray(0, 4000));
    const inPieces = new Float32Array(5000);
    for (const [start, end] of [
      [3000, 5000],
      [0, 1],
      [1, 3000],
    ] as const)
      fillNormal(inPieces, 0.01, random, { start, end });
    expect(inPieces).toEqual(many);
    expect(fillNormal(new Float32Array(8), 0.01, randomStream(3, 'embedding/item'))).not.toEqual(many.subarray(0, 8));
  });
});
