import { describe, expect, it } from 'vitest';
import { blockRows, exceedsNoise, stopReason } from '../../../lib/training/epochs/early-stopping.ts';

describe('an excess over the best epoch', () => {
  it('counts from one standard error of the paired differences on', () => {
    // Differences 1, 1, 4: their sum is 6, and its standard error is sqrt(3 * 3) with the sample variance 3.
    expect(exceedsNoise([2, 3, 7], [1, 2, 3])).toBe(true);
    // Differences 3, -3, 1: sum 1, sample variance 28/3, standard error sqrt(28).
    expect(exceedsNoise([4, -1, 4], [1, 2, 3])).toBe(false);
  });

  it('counts where the difference is the same everywhere, however small', () => {
    expect(exceedsNoise([1.001, 2.001], [1, 2])).toBe(true);
    expect(exceedsNoise([1, 2], [1, 2])).toBe(false);
    expect(exceedsNoise([0.9, 1.9], [1, 2])).toBe(false);
  });

  it('counts always in a single block, whose noise is unknown', () => {
    expect(exceedsNoise([1.1], [1])).toBe(true);
    expect(exceedsNoise([1], [1])).toBe(false);
  });
});

describe('training', () => {
  const epochsAfter = (best: number, worse: readonly boolean[]) => [
    ...Array.from({ length: best }, (_, i) => ({ epoch: i + 1, isWorse: i % 2 === 1 })),
    ...worse.map((isWorse, i) => ({ epoch: best + i + 1, isWorse })),
  ];
  const [yes, no] = [true, false];

  it.each([
    { best: 3, worse: [], reason: null },
    { best: 3, worse: [yes], reason: null },
    { best: 3, worse: [yes, yes], reason: 'patience' },
    { best: 3, worse: [yes, no, yes], reason: 'patience' },
    { best: 3, worse: [no, no, no, no, no], reason: null },
    { best: 3, worse: [no, no, no, no, no, no], reason: 'plateau' },
    { best: 20, worse: [], reason: 'epochs' },
    { best: 18, worse: [no, no], reason: 'epochs' },
    { best: 18, worse: [yes, yes], reason: 'patience' },
  ] as const)('after the best epoch $best and then $worse: $reason', ({ best, worse, reason }) => {
    expect(stopReason(epochsAfter(best, worse), best, { epochs: 20, patience: 2 })).toBe(reason);
  });

  it('runs all epochs without patience', () => {
    expect(stopReason(epochsAfter(1, new Array(18).fill(true)), 1, { epochs: 20, patience: null })).toBeNull();
    expect(stopReason(epochsAfter(1, new Array(19).fill(true)), 1, { epochs: 20, patience: null })).toBe('epochs');
    expect(stopReason([], 0, { epochs: 20, patience: 1 })).toBeNull();
  });
});

it('the validation rows are divided into blocks of a batch, or into 32 where these would be fewer', () => {
  expect(blockRows(1_000_000, 4096)).toBe(4096);
  expect(blockRows(3200, 4096)).toBe(100);
  expect(blockRows(5, 4096)).toBe(1);
});
