import { describe, expect, it } from 'vitest';
import { computeOf } from '../../functions/compute.ts';

describe('computeOf', () => {
  // The cores that a function of that size sees, by AWS; one below a whole vCPU.
  it.each([
    { memoryMiB: 128, threads: 1, memoryLimitMiB: 51 },
    { memoryMiB: 1769, threads: 1, memoryLimitMiB: 707 },
    { memoryMiB: 1770, threads: 2, memoryLimitMiB: 708 },
    { memoryMiB: 3008, threads: 2, memoryLimitMiB: 1203 },
    { memoryMiB: 5307, threads: 3, memoryLimitMiB: 2122 },
    { memoryMiB: 7076, threads: 4, memoryLimitMiB: 2830 },
    { memoryMiB: 8845, threads: 5, memoryLimitMiB: 3538 },
    { memoryMiB: 10_240, threads: 6, memoryLimitMiB: 4096 },
  ])('gives $memoryMiB MiB $threads threads and DuckDB $memoryLimitMiB MiB', ({ memoryMiB, ...compute }) => {
    expect(computeOf(memoryMiB)).toEqual(compute);
  });

  it('fails with a size that no function has', () => {
    expect(() => computeOf(Number.NaN)).toThrow('memory of a function must be 128 to 10240 MiB, got NaN');
    expect(() => computeOf(64)).toThrow('memory of a function must be 128 to 10240 MiB, got 64');
  });
});
