import { describe, expect, it } from 'vitest';
import { bagCoefficients } from '../../../lib/model/kinds/bag.ts';

describe('bagCoefficients', () => {
  it.each([
    { combiner: 'sum', weights: [2, 1, 1, 0], expected: [2, 1, 1, 0] },
    { combiner: 'mean', weights: [2, 1, 1, 0], expected: [0.5, 0.25, 0.25, 0] },
    { combiner: 'sqrtn', weights: [3, 4, 0, 0], expected: [0.6, 0.8, 0, 0] },
    { combiner: 'mean', weights: [0, 0, 0, 0], expected: [1, 0, 0, 0] },
  ] as const)('gives $expected for the $combiner of the weights $weights', ({ combiner, weights, expected }) => {
    const into = new Float32Array(4).fill(9);
    bagCoefficients(combiner, Float32Array.from(weights), into);
    expect([...into]).toEqual(expected.map(Math.fround));
  });
});
