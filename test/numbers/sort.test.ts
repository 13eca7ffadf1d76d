import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortIndices } from '../../lib/numbers/sort.ts';

describe('sortIndices', () => {
  it.each([
    { name: 'Float32Array', column: (values: number[]) => Float32Array.from(values) },
    { name: 'Float64Array', column: (values: number[]) => Float64Array.from(values) },
  ])('sorts a $name as a stable comparison sort does, over its whole range', ({ column }) => {
    const anyValue = fc.oneof(fc.constantFrom(0, -0, 1, 2), fc.float({ min: 0, noNaN: true }));
    fc.assert(
      fc.property(fc.array(anyValue), (values) => {
        const indices = Uint32Array.from(values.keys());
        const expected = [...indices].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
        expect([...sortIndices(indices, column(values))]).toEqual(expected);
      }),
    );
  });

  it('distinguishes ids of 53 bits', () => {
    const ids = Float64Array.of(2 ** 53 - 1, 2 ** 53 - 2, 2 ** 32, 1);
    expect([...sortIndices(Uint32Array.of(0, 1, 2, 3), ids)]).toEqual([3, 2, 1, 0]);
  });

  it('sorts only the given indices, without changing their array', () => {
    const indices = Uint32Array.of(3, 0);
    expect([...sortIndices(indices, Float32Array.of(0.5, 0.1, 0.2, 0.4))]).toEqual([3, 0]);
    expect([...sortIndices(indices, Float32Array.of(0.4, 0.1, 0.2, 0.5))]).toEqual([0, 3]);
    expect([...indices]).toEqual([3, 0]);
  });

  it('reads a column that is a view into a buffer', () => {
    const column = Float32Array.of(9, 0.5, 0.25).subarray(1);
    expect([...sortIndices(Uint32Array.of(0, 1), column)]).toEqual([1, 0]);
  });
});
