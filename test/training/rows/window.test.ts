import { describe, expect, it } from 'vitest';
import { Window } from '../../../lib/training/rows/window.ts';

/** Six rows of a user with a city and an age, who sees items. Rows 0, 1 and 3 have one user; ages of 2 and 4 are missing. */
const LAYOUT = {
  ids: { city: 1, item: 1, history: 2 },
  coefficients: { history: 2 },
  numbers: { age: 1 },
  labels: { city: 1 },
  weights: { city: 1 },
} as const;
const COLUMNS = {
  ids: {
    city: Int32Array.of(5, 5, 6, 5, 6, 5),
    item: Int32Array.of(0, 1, 2, 3, 4, 5),
    history: Int32Array.of(1, 2, 1, 2, 3, 0, 1, 2, 3, 0, 1, 3),
  },
  coefficients: { history: Float32Array.of(0.5, 0.5, 0.5, 0.5, 1, 0, 0.5, 0.5, 1, 0, 0.5, 0.5) },
  numbers: { age: Float32Array.of(1.5, 1.5, Number.NaN, 1.5, Number.NaN, 1.5) },
  labels: { city: Float32Array.of(1, 0, 0, 0, 0, 1) },
  weights: { city: Float32Array.of(2, 2, 2, 2, 2, 2) },
};
const window = new Window(LAYOUT, COLUMNS, { meanWeight: 2, users: new Set(['city', 'history', 'age']) });
const batch = (positions: number[], isByGroup = true) => window.batch(Uint32Array.from(positions), isByGroup);

describe('a batch of a window by group', () => {
  it('has the inputs of the user once for neighbours that share them, and all others for each row', () => {
    const { rows, shared, ids, coefficients, numbers, labels } = batch([2, 4, 0, 3, 1, 5]);
    expect(rows).toBe(6);
    expect(shared).toEqual({ entity: 'user', distinct: 3, rows: Int32Array.of(0, 0, 1, 1, 1, 2) });
    expect(ids).toEqual({
      city: Int32Array.of(6, 5, 5),
      history: Int32Array.of(3, 0, 1, 2, 1, 3),
      item: Int32Array.of(2, 4, 0, 3, 1, 5),
    });
    expect(coefficients.history).toEqual(Float32Array.of(1, 0, 0.5, 0.5, 0.5, 0.5));
    expect(numbers.age).toEqual(Float32Array.of(Number.NaN, 1.5, 1.5));
    // A stage may have the name of an input.
    expect(labels.city).toEqual(Float32Array.of(0, 0, 1, 0, 0, 1));
  });

  it('divides the weights by the rows, not by the users', () => {
    expect(batch([0, 1]).weights.city).toEqual(Float32Array.of(0.5, 0.5));
  });

  it('has every input for every row where fewer than two rows share a user in the mean', () => {
    const { shared, ids } = batch([0, 2, 1, 5, 3]);
    expect(shared).toBeUndefined();
    expect(ids.city).toEqual(Int32Array.of(5, 6, 5, 5, 5));
  });

  it('shares nothing where rows are shuffled one by one, or where there is no input of the user', () => {
    expect(batch([0, 1, 3], false).shared).toBeUndefined();
    const plain = new Window(LAYOUT, COLUMNS, { meanWeight: 1, users: new Set() });
    expect(plain.batch(Uint32Array.of(0, 1, 3), true).shared).toBeUndefined();
  });
});
