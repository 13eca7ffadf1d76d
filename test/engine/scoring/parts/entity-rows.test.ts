import { expect, it } from 'vitest';
import { EntityRows } from '../../../../lib/engine/scoring/parts/entity-rows.ts';
import { Lcg } from '../../lcg.ts';

const WORDS = 3;

it('numbers distinct rows in the order in which they come, over many calls', () => {
  const random = new Lcg(1);
  const rows = new EntityRows(WORDS);
  const known = new Map<string, number>();
  for (let call = 0; call < 20; call++) {
    const count = 1 + (random.next() % 900);
    // Small values repeat often; large ones and negative ones are rare.
    const given = Int32Array.from({ length: count * WORDS }, () => (random.next() >>> 28) - 4);
    const numbers = new Int32Array(count);
    const added = rows.add(given, numbers);
    const expectedAdded: number[] = [];
    const expected = Array.from({ length: count }, (_, row) => {
      const text = given.subarray(row * WORDS, (row + 1) * WORDS).join(',');
      if (!known.has(text)) {
        known.set(text, known.size);
        expectedAdded.push(row);
      }
      return known.get(text);
    });
    expect([...numbers]).toEqual(expected);
    expect([...added]).toEqual(expectedAdded);
    expect(rows.count).toBe(known.size);
  }
  expect(rows.count).toBeGreaterThan(2000);
});

it('forgets the rows that were added last', () => {
  const random = new Lcg(2);
  const rows = new EntityRows(1);
  const values = Int32Array.from({ length: 600 }, () => random.next());
  const numbers = new Int32Array(600);
  rows.add(values, numbers);
  const before = numbers.slice(0, 400);
  rows.truncate(400);
  expect(rows.count).toBe(400);
  expect([...rows.add(values.slice().reverse(), numbers)]).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect([...numbers.reverse().subarray(0, 400)]).toEqual([...before]);
  rows.truncate(0);
  expect([...rows.add(Int32Array.of(6, 5, 6), numbers)]).toEqual([0, 1]);
  expect([...numbers.subarray(0, 3)]).toEqual([0, 1, 0]);
});
