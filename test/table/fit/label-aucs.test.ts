import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greatestAucs } from '../../../lib/table/fit/measure/label-aucs.ts';

interface Row {
  readonly key: number;
  readonly first: number;
  readonly label: number;
}

const row = fc.record({
  key: fc.integer({ min: 0, max: 12 }),
  first: fc.integer({ min: 0, max: 1 }),
  label: fc.integer({ min: -1, max: 1 }),
});

/** The share of pairs that a score ranks rightly, by comparing each pair; 0 where a class has fewer than ten rows. */
function bruteAuc(rows: readonly Row[], score: (row: Row) => number): number {
  const [ones, zeros] = [1, 0].map((label) => rows.filter((one) => one.label === label).map(score));
  if (Math.min(ones?.length ?? 0, zeros?.length ?? 0) < 10) return 0;
  const pairs = (ones ?? []).flatMap((one) => (zeros ?? []).map((zero) => (one > zero ? 1 : one === zero ? 0.5 : 0)));
  return pairs.reduce((a: number, b) => a + b, 0) / pairs.length;
}

/** The rate of a value in the first half of the rows; of a new one, the rate of all of them. */
function rateOf(rows: readonly Row[], key: number): number {
  const first = rows.filter(({ first: isFirst, label }) => isFirst === 1 && label >= 0);
  const own = first.filter((one) => one.key === key);
  const counted = own.length === 0 ? first : own;
  return counted.filter(({ label }) => label === 1).length / Math.max(1, counted.length);
}

/** The AUC for the last of several stages, whose labels are all the same. */
function measured(rows: readonly Row[], isOrdered: boolean, stages = 1): number {
  const keys = Uint32Array.from(rows, ({ key }) => key);
  const isFirst = Uint8Array.from(rows, ({ first }) => first);
  const labels = Array.from({ length: stages }, () => Int8Array.from(rows, ({ label }) => label));
  return greatestAucs(keys, { isFirst, labels }, isOrdered).at(-1) as number;
}

describe('the AUC of a column', () => {
  it('is that of the rates of its values in the other half, pair by pair', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 80, maxLength: 120 }), (rows) => {
        const judged = rows.filter(({ first }) => first === 0);
        const expected = bruteAuc(judged, ({ key }) => rateOf(rows, key));
        expect(measured(rows, false)).toBeCloseTo(expected, 12);
        expect(measured(rows, false, 17)).toBe(measured(rows, false));
      }),
    );
  });

  it('is that of the values themselves, in either direction, where they have an order', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 80, maxLength: 120 }), (rows) => {
        const byValue = bruteAuc(rows, ({ key }) => key);
        const byRate = measured(rows, false);
        const expected = byValue === 0 ? byRate : Math.max(byRate, byValue, 1 - byValue);
        expect(measured(rows, true)).toBeCloseTo(expected, 12);
      }),
    );
  });
});
