import { describe, expect, it } from 'vitest';
import { mergeRanges, piecesOf } from '../../lib/store/byte-ranges.ts';
import type { ByteRange } from '../../lib/store/store.ts';

const MIB = 2 ** 20;

const range = (start: number, end: number): ByteRange => ({ start, end });

describe('mergeRanges', () => {
  it.each([
    { name: 'orders', ranges: [range(5, 6), range(1, 2)], merged: [range(1, 2), range(5, 6)] },
    { name: 'joins those that overlap', ranges: [range(1, 5), range(3, 8)], merged: [range(1, 8)] },
    { name: 'joins those that touch', ranges: [range(1, 5), range(5, 8)], merged: [range(1, 8)] },
    { name: 'drops those that lie in others', ranges: [range(1, 9), range(3, 4), range(8, 9)], merged: [range(1, 9)] },
    { name: 'takes none', ranges: [], merged: [] },
  ])('$name', ({ ranges, merged }) => {
    expect(mergeRanges(ranges)).toEqual(merged);
  });
});

describe('piecesOf', () => {
  it('cuts each range into requests of 8 MiB', () => {
    const pieces = [...piecesOf([range(2, 3), range(20 * MIB, 30 * MIB), range(5, 5)])];
    expect(pieces).toEqual([range(2, 3), range(20 * MIB, 28 * MIB), range(28 * MIB, 30 * MIB)]);
  });
});
