import { beforeEach, expect, it } from 'vitest';
import { EntityRows } from '../../../../lib/engine/scoring/parts/entity-rows.ts';
import { PartMemory } from '../../../../lib/engine/scoring/parts/part-memory.ts';
import { Lcg } from '../../lcg.ts';

const WORDS = 3;
const MOST_ROWS = 1000;

let memory: PartMemory;
beforeEach(async () => {
  memory = await PartMemory.create();
});

/** Adds rows, and returns the numbers of all and the positions of those that were added. */
function add(rows: EntityRows, given: Int32Array, words: number): { numbers: number[]; added: number[] } {
  const count = given.length / words;
  for (let word = 0; word < words; word++) rows.column(word, count).set(given.filter((_, i) => i % words === word));
  const added = rows.add(count);
  return { numbers: [...memory.words(rows.numberAt(0), count)], added: [...added] };
}

it('numbers distinct rows in the order in which they come, over many calls', () => {
  const random = new Lcg(1);
  const rows = new EntityRows(memory, WORDS, MOST_ROWS);
  const known = new Map<string, number>();
  for (let call = 0; call < 20; call++) {
    const count = 1 + (random.next() % MOST_ROWS);
    // Small values repeat often; large ones and negative ones are rare.
    const given = Int32Array.from({ length: count * WORDS }, () => (random.next() >>> 28) - 4);
    const expected = { numbers: [] as (number | undefined)[], added: [] as number[] };
    for (let row = 0; row < count; row++) {
      const text = given.subarray(row * WORDS, (row + 1) * WORDS).join(',');
      if (!known.has(text)) {
        known.set(text, known.size);
        expected.added.push(row);
      }
      expected.numbers.push(known.get(text));
    }
    expect(add(rows, given, WORDS)).toEqual(expected);
    expect(rows.count).toBe(known.size);
  }
  expect(rows.count).toBeGreaterThan(2000);
});

it('finds rows that equal the row before, across the ends of calls and of blocks of rows', () => {
  const rows = new EntityRows(memory, WORDS, MOST_ROWS);
  for (const rowsEach of [1, 3, 64, 65, 300]) {
    const given = Int32Array.from({ length: 900 }, (_, i) => Math.floor(i / 3 / rowsEach) % 5);
    const numbers = Array.from({ length: 300 }, (_, i) => Math.floor(i / rowsEach) % 5);
    expect(add(rows, given, WORDS).numbers).toEqual(numbers);
    rows.truncate(0);
  }
  expect(add(rows, Int32Array.of(0, 0, 0), WORDS)).toEqual({ numbers: [0], added: [0] });
});

it('counts the numbers below a limit, whatever lies after them', () => {
  const rows = new EntityRows(memory, 1, MOST_ROWS);
  add(
    rows,
    Int32Array.from({ length: 100 }, (_, i) => 7 * i),
    1,
  );
  const { numbers } = add(
    rows,
    Int32Array.from({ length: 100 }, (_, i) => 7 * ((31 * i) % 150)),
    1,
  );
  for (const [limit, count] of [
    [0, 100],
    [50, 1],
    [100, 3],
    [101, 7],
    [1000, 99],
  ] as const)
    expect(rows.countBelow(limit, count)).toBe(numbers.slice(0, count).filter((number) => number < limit).length);
});

it('forgets the rows that were added last', () => {
  const random = new Lcg(2);
  const rows = new EntityRows(memory, 1, MOST_ROWS);
  const values = Int32Array.from({ length: 600 }, () => random.next());
  const before = add(rows, values, 1).numbers.slice(0, 400);
  rows.truncate(400);
  expect(rows.count).toBe(400);
  const { numbers, added } = add(rows, values.slice().reverse(), 1);
  expect(added).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(numbers.reverse().slice(0, 400)).toEqual(before);
  rows.truncate(0);
  expect(add(rows, Int32Array.of(6, 5, 6), 1)).toEqual({ numbers: [0, 1, 0], added: [0, 1] });
});
