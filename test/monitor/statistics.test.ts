/** Intervals, quantiles and curves against published values and brute force. */
import { describe, expect, it } from 'vitest';
import { completenessOf } from '../../lib/monitor/statistics/completeness.ts';
import { areaOfBins } from '../../lib/monitor/statistics/curves.ts';
import { aucError, countInterval, ratioInterval, shareInterval, Z95 } from '../../lib/monitor/statistics/intervals.ts';
import { stabilityOf } from '../../lib/monitor/statistics/stability.ts';
import { upperChiSquareQuantile, upperNormalQuantile } from '../../lib/numbers/normal-quantile.ts';

describe('quantiles', () => {
  it('are those of the tables', () => {
    expect(upperNormalQuantile(0.5)).toBeCloseTo(0, 9);
    expect(upperNormalQuantile(0.025)).toBeCloseTo(1.959963985, 8);
    expect(upperNormalQuantile(0.001)).toBeCloseTo(3.090232306, 8);
    expect(upperNormalQuantile(1e-6)).toBeCloseTo(4.753424309, 8);
    expect(upperNormalQuantile(0.4)).toBeCloseTo(0.253347103, 8);
    expect(upperNormalQuantile(1e-9)).toBeCloseTo(5.997807015, 8);
    // Chi-square of 9 degrees of freedom.
    expect(upperChiSquareQuantile(9, 0.05) / 16.919).toBeCloseTo(1, 2);
    expect(upperChiSquareQuantile(9, 0.001) / 27.877).toBeCloseTo(1, 1);
  });
});

describe('intervals', () => {
  // Garwood's exact limits of a Poisson mean, 95%.
  it.each([
    { count: 1, lower: 0.0253, upper: 5.5716 },
    { count: 10, lower: 4.7954, upper: 18.3904 },
    { count: 100, lower: 81.3639, upper: 121.6272 },
  ])('of a count of $count are near the exact ones', ({ count, lower, upper }) => {
    const found = countInterval(count, Z95);
    expect(found.lower).toBeCloseTo(lower, 1);
    expect(found.upper / upper).toBeCloseTo(1, 2);
  });

  it('of predicted over observed have no upper end where nothing is observed', () => {
    const { lower, upper } = ratioInterval(10, 0, Z95);
    expect(lower).toBeCloseTo(10 / 3.6889, 1);
    expect(upper).toBe(Number.POSITIVE_INFINITY);
  });

  it('of a share are those of Wilson', () => {
    // Newcombe, Statistics in Medicine 17, 1998, table I: 81 of 263, 15 of 148, 0 of 20.
    expect(shareInterval(81, 263, Z95).lower).toBeCloseTo(0.2553, 4);
    expect(shareInterval(81, 263, Z95).upper).toBeCloseTo(0.3662, 4);
    expect(shareInterval(15, 148, Z95).lower).toBeCloseTo(0.0624, 4);
    expect(shareInterval(0, 20, Z95).upper).toBeCloseTo(0.1611, 4);
  });

  it('of an AUC have the error of Hanley and McNeil', () => {
    // Their example: 51 abnormal, 58 normal, area 0.893.
    expect(Math.abs(aucError(0.893, 51, 58) - 0.032)).toBeLessThan(0.001);
  });
});

describe('curves of bins', () => {
  it('have the area that pairs give, ties counted half', () => {
    expect(areaOfBins([1, 2, 3], [4, 4, 4])).toBeCloseTo((1 * 1.5 + 2 * (3 + 1) + 3 * (5 + 0.5)) / 36, 12);
    expect(areaOfBins([0, 0], [3, 4])).toBe(null);
  });
});

describe('stability', () => {
  const even = { from: 20, values: new Array(10).fill(100) };
  it('is 0 for the same shares, and the sum of the differences for others', () => {
    expect(stabilityOf(even, even, 0.05)?.index).toBe(0);
    const moved = { from: 20, values: [200, 0, ...new Array(8).fill(100)] };
    const [p, q] = [(100.5 / 1005) as number, (200.5 / 1005) as number];
    const none = 0.5 / 1005;
    const expected = (q - p) * Math.log(q / p) + (none - p) * Math.log(none / p);
    expect(stabilityOf(moved, even, 0.05)?.index).toBeCloseTo(expected, 9);
  });

  it('is null without rows', () => {
    expect(stabilityOf({ from: 0, values: [] }, even, 0.05)).toBe(null);
  });
});

describe('completeness', () => {
  it('is the share of the delays up to an age, linear in between', () => {
    const delays = [60, 30, 10, ...new Array(29).fill(0)];
    const found = completenessOf([delays]);
    for (const [age, share] of [
      [0, 0],
      [0.5, 0.3],
      [1, 0.6],
      [2, 0.9],
      [2.5, 0.95],
      [32, 1],
    ] as const)
      expect(found?.at(age)).toBeCloseTo(share, 12);
  });

  it('is not known by few events', () => {
    expect(completenessOf([[49, ...new Array(31).fill(0)]])).toBe(null);
  });
});
