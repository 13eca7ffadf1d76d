import { describe, expect, it } from 'vitest';
import { isHopeless } from '../../lib/tune/median-rule.ts';

describe('a trial', () => {
  // Averages over two epochs: 0.95, 0.85, 0.75, 0.65; their median is 0.8.
  const finished = [
    [1, 0.9, 0.1],
    [0.9, 0.8],
    [0.8, 0.7],
    [0.7, 0.6],
  ];

  it('has no hope if its best loss is worse than the median of the averages of the others so far', () => {
    expect(isHopeless([0.9, 0.81], finished)).toBe(true);
    expect(isHopeless([0.9, 0.8], finished)).toBe(false);
    expect(isHopeless([0.5, 0.9], finished)).toBe(false);
    expect(isHopeless([0.9, 0.76], [...finished, [0.7, 0.7]])).toBe(true);
  });

  it('measured against shorter ones by all of their epochs', () => {
    // Of the first one the average is 2/3 now: 2/3, 0.85, 0.75, 0.65, median (2/3 + 0.75) / 2.
    expect(isHopeless([0.9, 0.8, 0.709], finished)).toBe(true);
    expect(isHopeless([0.9, 0.8, 0.708], finished)).toBe(false);
  });

  it('is given two epochs, and four others to be measured by', () => {
    expect(isHopeless([9], finished)).toBe(false);
    expect(isHopeless([9, 9], finished.slice(1))).toBe(false);
  });
});
