import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../lib/numbers/random.ts';
import { largestPiece, orderByGroup } from '../../../lib/training/rows/row-order.ts';

const order = (groups: readonly number[], largest: number, seed = 1) => [
  ...orderByGroup(Int32Array.from(groups), largest, randomStream(seed, 'rows/1/0')),
];

describe('an order by group', () => {
  it('puts scattered rows of a group together, in the order that they have', () => {
    const groups = [7, -1, 7, 3, -1, 7, 3];
    const found = order(groups, 10);
    const pieces = [
      [0, 2, 5],
      [1, 4],
      [3, 6],
    ];
    expect(found.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const piece of pieces) {
      const at = found.indexOf(piece[0] as number);
      expect(found.slice(at, at + piece.length)).toEqual(piece);
    }
  });

  it('depends on the stream alone, and is another with another', () => {
    const groups = Array.from({ length: 1000 }, (_, i) => i % 100);
    expect(order(groups, 10)).toEqual(order(groups, 10));
    expect(order(groups, 10, 2)).not.toEqual(order(groups, 10));
  });

  it('cuts large groups into pieces that stand apart', () => {
    const found = order(
      Array.from({ length: 1000 }, () => 5),
      10,
    );
    const starts = found.filter((_, i) => i % 10 === 0);
    expect(starts.every((row) => row % 10 === 0)).toBe(true);
    expect(starts).not.toEqual(starts.toSorted((a, b) => a - b));
  });

  it('takes groups of one row, and no rows at all', () => {
    expect(order([4, 2, 9], 1).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(order([], 5)).toEqual([]);
  });

  it('has pieces of at least a row, and of at most a hundred and twenty-eighth of a batch', () => {
    expect([1, 127, 128, 400, 4096].map(largestPiece)).toEqual([1, 1, 1, 3, 32]);
  });
});
