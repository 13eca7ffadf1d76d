import { expect } from 'vitest';

/**
 * Expects two arrays to be the same within a tolerance, which is relative to the size of the largest expected value:
 * float32 sums of 4,096 rows are made in another order.
 */
export function expectClose(got: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  const size = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expect(got.length, what).toBe(expected.length);
  // One look at each element: an assertion of its own for each of 200,000 would take seconds.
  const far = got.findIndex((value, i) => !(Math.abs(value - (expected[i] as number)) <= tolerance * size));
  const difference =
    far < 0 ? 'none' : `element ${far}: got ${got[far]}, expected ${expected[far]} +- ${tolerance * size}`;
  expect(difference, what).toBe('none');
}

/** The same losses, each as close as that to what is expected, relative to it. */
export function expectLosses(
  got: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
  tolerance = 1e-5,
): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, loss] of Object.entries(expected))
    expect(Math.abs((got[name] as number) - loss), `loss ${name}`).toBeLessThanOrEqual(tolerance * loss);
}
