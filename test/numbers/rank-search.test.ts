import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RankSearch } from '../../lib/numbers/rank-search.ts';

function valuesAt(values: Float32Array, ranks: readonly number[]): number[] {
  const search = new RankSearch();
  search.add(values);
  search.seek(ranks);
  // The passes need not see the values in the same order, or in pieces of the same size.
  search.add(values.toReversed());
  search.narrow();
  search.add(values.subarray(0, values.length >> 1));
  search.add(values.subarray(values.length >> 1));
  return [...search.values()];
}

describe('the values at given ranks', () => {
  it('are those of the sorted values', () => {
    const float = fc.float({ noDefaultInfinity: false });
    fc.assert(
      fc.property(fc.array(float, { minLength: 1, maxLength: 300 }), (numbers) => {
        const values = Float32Array.from(numbers);
        const sorted = values.filter((value) => !Number.isNaN(value)).toSorted();
        const ranks = Array.from(sorted, (_, rank) => rank).reverse();
        // An array of -0 is one of 0: they are the same number.
        expect(valuesAt(values, ranks)).toEqual(ranks.map((rank) => (sorted[rank] as number) + 0));
      }),
    );
  });

  it('may be those of neighbours in the last bit', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => 1 + i * 2 ** -23);
    expect(valuesAt(values, [0, 1, 500, 999])).toEqual([0, 1, 500, 999].map((rank) => values[rank]));
  });

  it('are counted without NaN', () => {
    const search = new RankSearch();
    search.add(Float32Array.of(3, Number.NaN, -1));
    expect(search.count).toBe(2);
    expect(valuesAt(Float32Array.of(3, Number.NaN, -1), [1, 0])).toEqual([3, -1]);
  });
});
