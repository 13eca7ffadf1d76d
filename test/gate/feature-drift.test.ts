import { describe, expect, it } from 'vitest';
import { driftNotes, featureDrifts } from '../../lib/gate/feature-drift.ts';
import type { Distribution } from '../../lib/table/fit/distributions.ts';

const numbers = (values: readonly number[], missing = 0): Distribution => ({
  kind: 'number',
  rows: values.length + missing,
  missing,
  values,
});
const values = (top: readonly (readonly [string, number])[], missing = 0, others = 0): Distribution => {
  const total = others + top.reduce((sum, [, count]) => sum + count, 0);
  const hashed = top.map(([name, count]) => [`#${name}`, count, name] as const);
  return { kind: 'values', rows: total + missing, missing, total, top: hashed };
};
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);
const drift = (before: Distribution, now: Distribution) => featureDrifts({ x: before }, { x: now })[0];

describe('a category', () => {
  it('has the index by hand, and names the value that moved most', () => {
    const found = drift(
      values([
        ['a', 50],
        ['b', 50],
      ]),
      values([
        ['a', 80],
        ['b', 20],
      ]),
    );
    // (0.8 - 0.5) ln(0.8 / 0.5) + (0.2 - 0.5) ln(0.2 / 0.5); the bins of missing and other values are empty in both.
    expect(found?.index).toBeCloseTo(0.3 * Math.log(1.6) - 0.3 * Math.log(0.4), 12);
    expect(found?.moved).toEqual({ what: 'a', from: 0.5, to: 0.8 });
  });

  it('has an index of 0 and nothing that moved where all shares are equal', () => {
    const same = values([['a', 3]], 1, 4);
    expect(drift(same, same)).toEqual({ feature: 'x', index: 0, told: expect.any(Number), moved: null });
  });

  it('counts values that were not there before as others', () => {
    const found = drift(
      values([['a', 100]]),
      values([
        ['a', 40],
        ['new', 60],
      ]),
    );
    // What was no row counts as half a row of a hundred.
    expect(found?.index).toBeCloseTo((0.4 - 1) * Math.log(0.4) + (0.6 - 0.005) * Math.log(0.6 / 0.005), 12);
    expect(found?.moved).toEqual({ what: 'a', from: 1, to: 0.4 });
  });

  it('shows that rows lost their value', () => {
    const [before, now] = [50, 35].map((count): [string, number][] => [
      ['a', count],
      ['b', count],
    ]);
    const moved = drift(values(before ?? []), values(now ?? [], 30))?.moved;
    expect(moved).toEqual({ what: 'missing', from: 0, to: 0.3 });
  });
});

describe('a number', () => {
  it('moves by whole tenths where all values grow', () => {
    const found = drift(numbers(upTo(1000)), numbers(upTo(1000, 100)));
    // The first tenth is empty now, the last one twice as full.
    expect(found?.index).toBeCloseTo((0.0005 - 0.1) * Math.log(0.0005 / 0.1) + 0.1 * Math.log(2), 9);
    expect(found?.moved).toEqual({ what: 'below 100', from: 0.1, to: 0 });
  });

  it('does not move where its values are equally distributed, be they fewer', () => {
    expect(drift(numbers(upTo(1000)), numbers(upTo(500).map((value) => 2 * value)))?.index).toBeLessThan(1e-3);
  });

  it('shows that some values are missing now, or that all are', () => {
    expect(
      drift(
        numbers(upTo(100)),
        numbers(
          upTo(50).map((value) => 2 * value),
          50,
        ),
      )?.moved,
    ).toEqual({
      what: 'missing',
      from: 0,
      to: 0.5,
    });
    expect(drift(numbers(upTo(100)), numbers([], 100))?.moved).toEqual({ what: 'missing', from: 0, to: 1 });
    expect(drift(numbers([], 100), numbers([], 100))).toEqual({
      feature: 'x',
      index: 0,
      told: expect.any(Number),
      moved: null,
    });
  });
});

describe('a number that is nearly always the same', () => {
  const zeros = numbers(new Array(1000).fill(0));

  it('moves where it is another one now, or many', () => {
    const found = drift(zeros, numbers(new Array(1000).fill(5)));
    expect(found?.index).toBeGreaterThan(5);
    expect(found?.moved).toMatchObject({ what: '0', from: 1, to: 0 });
    const mostly = numbers([...new Array(910).fill(0), ...upTo(90, 1)]);
    expect(drift(mostly, numbers(upTo(1000, 1)))?.index).toBeGreaterThan(5);
    expect(drift(mostly, mostly)?.index).toBe(0);
  });

  it('is counted by itself below 0 as well', () => {
    expect(drift(numbers([...new Array(50).fill(-2.5), ...upTo(50)]), numbers(upTo(100)))?.moved).toEqual({
      what: '-2.5',
      from: 0.5,
      to: 0,
    });
  });
});

it('of a catalogue that was replaced as a whole, most is not told apart', () => {
  const items = (first: string) =>
    values(
      upTo(200).map((item): [string, number] => [`${first}${item}`, 1]),
      0,
      4800,
    );
  expect(drift(items('a'), items('b'))?.told).toBeCloseTo(20 / 5000, 12);
});

describe('features', () => {
  it('come in order of their index, those that cannot be compared first', () => {
    const [a, b] = [values([['a', 1]]), values([['b', 1]])];
    const before = { steady: a, moved: a, retyped: numbers([1]) };
    const now = { steady: a, moved: b, retyped: a, added: a };
    expect(featureDrifts(before, now).map(({ feature, index }) => [feature, index === null])).toEqual([
      ['retyped', true],
      ['added', true],
      ['moved', false],
      ['steady', false],
    ]);
  });
});

describe('notes', () => {
  it('name the features that moved by far, and what of them', () => {
    const before = { price: numbers(upTo(1000)), age: numbers(upTo(1000)), item: values([['a', 1]]) };
    const cents = { ...before, price: numbers(upTo(1000).map((price) => 100 * price)) };
    expect(driftNotes(before, before)).toEqual([]);
    expect(driftNotes(before, cents)).toEqual([
      expect.stringMatching(
        /^price is distributed in another way than in the training rows of the current version \(stability index [4-9]\.\d+\): 900 and above from 10% to 99\.1%$/,
      ),
    ]);
  });

  it('name five, and count the others', () => {
    const every = (from: number) => Object.fromEntries(upTo(7).map((at) => [`f${at}`, numbers(upTo(100, from))]));
    const notes = driftNotes(every(0), every(1000));
    expect(notes).toHaveLength(6);
    expect(notes.at(-1)).toBe('2 more features are distributed in another way (report.html)');
  });
});
