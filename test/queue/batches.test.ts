import { describe, expect, it } from 'vitest';
import { batchesOf } from '../../lib/queue/batches.ts';

const LIMIT = 262_144;
const ofBodies = (bodies: readonly string[]) => batchesOf(bodies, (body) => Buffer.byteLength(body), 'message');

describe('batchesOf', () => {
  it.each([
    { name: 'no body', bodies: [], sizes: [] },
    { name: 'ten bodies in one', bodies: Array<string>(10).fill('a'), sizes: [10] },
    { name: 'eleven in two', bodies: Array<string>(11).fill('a'), sizes: [10, 1] },
    { name: 'as many as 256 KiB hold', bodies: ['a'.repeat(LIMIT - 2), 'b', 'c', 'd'], sizes: [3, 1] },
    { name: 'one of 256 KiB alone', bodies: ['a', 'b'.repeat(LIMIT), 'c'], sizes: [1, 1, 1] },
    { name: 'bytes and not characters', bodies: ['é'.repeat(LIMIT / 4), 'é'.repeat(LIMIT / 4), 'é'], sizes: [2, 1] },
  ])('puts $name', ({ bodies, sizes }) => {
    const batches = ofBodies(bodies);
    expect(batches.map((batch) => batch.length)).toEqual(sizes);
    expect(batches.flat()).toEqual(bodies);
  });

  it('refuses a body that no batch can hold', () => {
    expect(() => ofBodies(['a', 'b'.repeat(LIMIT + 1)])).toThrow(
      new RangeError('message must have at most 262144 bytes, got 262145'),
    );
  });
});
