import { expect } from 'vitest';

/**
 * Expects two arrays to agree within a tolerance that is relative to the largest expected value, because float32 sums
 * over 4,096 rows depend on their order.
 * @param least what the largest value counts as, if it is smaller: the rest of sums whose terms cancel each other
 */
export function expectClose(
  got: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
  least = 0,
): void {
  const size = Math.max(least, largestOf(expected));
  expect(got.length, what).toBe(expected.length);
  // A plain loop, because an assertion for each of 200,000 elements takes seconds.
  const far = got.findIndex((value, i) => !(Math.abs(value - (expected[i] as number)) <= tolerance * size));
  const difference =
    far < 0 ? 'none' : `element ${far}: got ${got[far]}, expected ${expected[far]} +- ${tolerance * size}`;
  expect(difference, what).toBe('none');
}

/** Returns the largest absolute value. */
export function largestOf(values: Float32Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/**
 * Returns what gradients count as at least: attention's are what is left of terms that cancel each other, since its
 * weights add up to 1, and have the rounding of these.
 */
export function leastGradient(gradients: Readonly<Record<string, Float32Array>>): number {
  return 1e-3 * Math.max(...Object.values(gradients).map(largestOf));
}

/** Expects the same losses by name, each within a tolerance that is relative to the expected loss. */
export function expectLosses(
  got: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
  tolerance = 1e-5,
): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, loss] of Object.entries(expected))
    expect(Math.abs((got[name] as number) - loss), `loss ${name}`).toBeLessThanOrEqual(tolerance * Math.abs(loss));
}
