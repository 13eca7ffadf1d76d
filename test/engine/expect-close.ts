import { expect } from 'vitest';

/**
 * Expects two arrays to agree within a tolerance that is relative to the largest expected value, because float32 sums
 * over 4,096 rows depend on their order.
 */
export function expectClose(got: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  const size = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expect(got.length, what).toBe(expected.length);
  // A plain loop, because an assertion for each of 200,000 elements takes seconds.
  const far = got.findIndex((value, i) => !(Math.abs(value - (expected[i] as number)) <= tolerance * size));
  const difference =
    far < 0 ? 'none' : `element ${far}: got ${got[far]}, expected ${expected[far]} +- ${tolerance * size}`;
  expect(difference, what).toBe('none');
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
