import { describe, expect, it } from 'vitest';
import { permutation, randomStream } from '../../lib/numbers/random.ts';

const SIZE = 100_000;

describe('randomStream', () => {
  it('depends on seed, name and index only', () => {
    const first = randomStream(1, 'rows/3');
    expect(randomStream(1, 'rows/3').bits(17)).toBe(first.bits(17));
    expect(first.bits(17)).toBe(first.bits(17));
    for (const other of [randomStream(2, 'rows/3'), randomStream(1, 'rows/4')])
      expect(other.bits(17)).not.toBe(first.bits(17));
  });

  it('is uniform over ten intervals', () => {
    const random = randomStream(5, 'uniform');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < SIZE; i++) {
      const interval = Math.floor(10 * random.uniform(i));
      counts[interval] = (counts[interval] ?? 0) + 1;
    }
    // Chi-squared with 9 degrees of freedom is above 27.9 with a probability of one in a thousand.
    const chiSquared = counts.reduce((sum, count) => sum + (count - SIZE / 10) ** 2 / (SIZE / 10), 0);
    expect(chiSquared).toBeLessThan(27.9);
  });

  it('has no correlation between neighbours, nor between streams of neighbouring names', () => {
    const [a, b] = [randomStream(5, 'mask/1'), randomStream(5, 'mask/2')];
    const correlation = (of: (i: number) => [number, number]) => {
      let sum = 0;
      for (let i = 0; i < SIZE; i++) {
        const [x, y] = of(i);
        sum += (x - 0.5) * (y - 0.5) * 12;
      }
      return sum / SIZE;
    };
    expect(Math.abs(correlation((i) => [a.uniform(i), a.uniform(i + 1)]))).toBeLessThan(0.012);
    expect(Math.abs(correlation((i) => [a.uniform(i), b.uniform(i)]))).toBeLessThan(0.012);
  });

  it('does not repeat after 2^32 numbers', () => {
    const random = randomStream(1, 'long');
    expect(random.bits(2 ** 32 + 1)).not.toBe(random.bits(1));
  });
});

it('permutation has every number once, in another order', () => {
  const order = permutation(1000, randomStream(3, 'order'));
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect([...order.subarray(0, 5)]).not.toEqual([0, 1, 2, 3, 4]);
});
