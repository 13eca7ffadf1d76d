import { expect, it } from 'vitest';
import { byteViews, namedBytes } from '../../lib/numbers/bytes.ts';

const values = Float32Array.of(0, 1, 2, 3).subarray(1);

it('views the bytes of an array in pieces of at most so many bytes', () => {
  const bytes = [...new Uint8Array(Float32Array.of(1, 2, 3).buffer)];
  for (const [most, lengths] of [
    [12, [12]],
    [8, [8, 4]],
    [4, [4, 4, 4]],
  ] as const) {
    const views = byteViews(values, most);
    expect(views.map(({ length }) => length)).toEqual(lengths);
    expect(views.flatMap((view) => [...view])).toEqual(bytes);
  }
  expect(byteViews(new Float32Array(0))).toEqual([new Uint8Array(0)]);
});

it('writes through to the array', () => {
  const own = new Float32Array(2);
  byteViews(own, 4)[1]?.set(new Uint8Array(Float32Array.of(7).buffer));
  expect([...own]).toEqual([0, 7]);
});

it('numbers the pieces of an array, and names a single one as the array', () => {
  const names = (most?: number) => namedBytes('table/user', values, most).map(([name]) => name);
  expect(names()).toEqual(['table/user']);
  expect(names(8)).toEqual(['table/user/0', 'table/user/1']);
});
