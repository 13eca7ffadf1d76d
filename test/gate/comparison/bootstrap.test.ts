import { describe, expect, it } from 'vitest';
import {
  blockUnits,
  bootstrap,
  drawUnits,
  estimate,
  groupUnits,
  quantile,
  ratioStatistic,
  sumByUnit,
} from '../../../lib/gate/comparison/bootstrap.ts';

describe('units', () => {
  it('of groups are numbered by their ids, whatever the order of the rows', () => {
    const units = groupUnits(Float64Array.of(70, 5, 70, 12, 5));
    expect({ ...units, of: [...units.of] }).toEqual({ of: [2, 0, 2, 1, 0], count: 3, distinct: 3 });
  });

  it('hold whole groups where there are more groups than units', () => {
    const units = groupUnits(Float64Array.from({ length: 50_000 }, (_, row) => row % 25_000));
    expect([units.count, units.distinct]).toEqual([2000, 25_000]);
    expect(units.of.slice(0, 25_000)).toEqual(units.of.slice(25_000));
    expect(new Set(units.of).size).toBe(2000);
  });

  it('of rows are consecutive blocks, as even as can be', () => {
    expect([...blockUnits(3).of]).toEqual([0, 1, 2]);
    const { of, count } = blockUnits(2500);
    expect(count).toBe(1000);
    expect([...of.slice(0, 6)]).toEqual([0, 0, 0, 1, 1, 2]);
    expect(of.at(-1)).toBe(999);
  });

  it('add up the values of their rows', () => {
    const values = [1, 2, 4, 8, 16];
    const sums = sumByUnit(groupUnits(Float64Array.of(70, 5, 70, 12, 5)), (row) => values[row] as number);
    expect([...sums]).toEqual([18, 8, 5]);
  });
});

describe('draws', () => {
  const draws = (seed: number) => Array.from(drawUnits(5, { resamples: 40, seed }), (drawn) => [...drawn]);

  it('are as many as there are units, each time', () => {
    expect(draws(1)).toHaveLength(40);
    for (const drawn of draws(1)) expect(drawn.reduce((a, b) => a + b, 0)).toBe(5);
  });

  it('depend on the seed alone', () => {
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
  });

  it('reach every unit equally often', () => {
    const total = new Float64Array(4);
    for (const drawn of drawUnits(4, { resamples: 10_000, seed: 3 }))
      for (const [unit, n] of drawn.entries()) total[unit] = (total[unit] as number) + n;
    for (const count of total) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });
});

describe('a bootstrapped ratio', () => {
  it('of two units can only be that of either, or of both', () => {
    const ratio = ratioStatistic(Float64Array.of(1, 0), Float64Array.of(1, 3));
    const values = bootstrap([ratio], 2, { resamples: 2000, seed: 1 }).get(ratio);
    expect(estimate(ratio)).toBe(0.25);
    expect([...new Set(values)]).toEqual([0, 0.25, 1]);
    // Both are drawn in half of the resamples, either one in a quarter.
    const share = (value: number) => (values as Float64Array).filter((one) => one === value).length / 2000;
    expect(share(0)).toBeCloseTo(0.25, 1);
    expect(share(0.25)).toBeCloseTo(0.5, 1);
  });

  it('of one unit never varies', () => {
    const ratio = ratioStatistic(Float64Array.of(2), Float64Array.of(8));
    expect([...new Set(bootstrap([ratio], 1, { resamples: 50, seed: 1 }).get(ratio))]).toEqual([0.25]);
  });

  it('has the spread that theory gives a mean', () => {
    // 0, 1, ..., 999: the standard error of the mean is sqrt((1000^2 - 1) / 12 / 1000) = 9.129.
    const numerator = Float64Array.from({ length: 1000 }, (_, unit) => unit);
    const mean = ratioStatistic(numerator, new Float64Array(1000).fill(1));
    const values = bootstrap([mean], 1000, { resamples: 2000, seed: 5 }).get(mean);
    expect(Math.abs(quantile(values as Float64Array, 0.05) - (499.5 - 1.645 * 9.129))).toBeLessThan(1);
    expect(Math.abs(quantile(values as Float64Array, 0.95) - (499.5 + 1.645 * 9.129))).toBeLessThan(1);
  });

  it('puts what nothing over nothing gives last', () => {
    const ratio = ratioStatistic(Float64Array.of(0, 1), Float64Array.of(0, 1));
    const values = bootstrap([ratio], 2, { resamples: 100, seed: 1 }).get(ratio);
    expect(values?.[0]).toBe(1);
    expect(values?.at(-1)).toBeNaN();
  });
});

describe('a quantile', () => {
  it.each([
    [0.05, 1],
    [0.1, 1],
    [0.11, 2],
    [0.5, 5],
    [1, 10],
  ])('of %f of ten numbers is the %i. of them', (share, expected) => {
    expect(quantile(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), share)).toBe(expected);
  });

  it('of nothing is NaN', () => {
    expect(quantile(new Float64Array(), 0.5)).toBeNaN();
  });
});
