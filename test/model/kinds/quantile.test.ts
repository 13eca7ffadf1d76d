import { describe, expect, it } from 'vitest';
import { quantileId } from '../../../lib/model/kinds/quantile.ts';
import type { QuantileInput } from '../../../lib/table/encoded.ts';

const AGE: QuantileInput = { kind: 'quantile', name: 'age', entity: 'user', table: 'age', boundaries: [1, 2] };

describe('quantileId', () => {
  it.each([
    { value: Number.NaN, id: 0 },
    { value: -5, id: 1 },
    { value: 1, id: 1 },
    { value: 1.5, id: 2 },
    { value: 2, id: 2 },
    { value: 2.1, id: 3 },
  ])('gives $id for $value, with boundaries 1 and 2', ({ value, id }) => {
    expect(quantileId(AGE, value)).toBe(id);
  });
});
