import { describe, expect, it } from 'vitest';
import { stabilityIndex } from '../../lib/numbers/stability.ts';

const tenths = Float32Array.from({ length: 1000 }, (_, row) => row / 1000);

describe('the population stability index', () => {
  it('of the same values, in any order, is 0', () => {
    expect(stabilityIndex(tenths, tenths.toReversed())).toBe(0);
  });

  it('sums (q - p) log(q / p) over the tenths of the expected values', () => {
    // Four of ten tenths hold a quarter each, six hold none: half a row stands for none.
    const actual = Float32Array.from({ length: 1000 }, (_, row) => row / 2500);
    const expected = 4 * 0.15 * Math.log(2.5) + 6 * (0.0005 - 0.1) * Math.log(0.0005 / 0.1);
    expect(stabilityIndex(tenths, actual)).toBeCloseTo(expected, 12);
  });

  it('has fewer bins where many values are equal', () => {
    // Half are 0, half are 1: two bins. Against a quarter and three quarters.
    const half = Float32Array.of(0, 0, 1, 1);
    expect(stabilityIndex(half, Float32Array.of(0, 1, 1, 1))).toBeCloseTo(
      0.25 * Math.log(1.5) - 0.25 * Math.log(0.5),
      12,
    );
    expect(stabilityIndex(Float32Array.of(0.5, 0.5), half)).toBe(0);
  });

  it('of nothing is NaN', () => {
    expect(stabilityIndex(new Float32Array(), new Float32Array())).toBeNaN();
  });
});
