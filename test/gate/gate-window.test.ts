import { describe, expect, it } from 'vitest';
import type { Split } from '../../lib/config/declaration.ts';
import { proveUnread, type Reading } from '../../lib/gate/gate-window.ts';

const TIME: Split = { by: 'time', validation: { share: 0.1 }, test: { share: 0.1 } };
const HASH: Split = { by: 'hash', columns: ['user'], validation: 0.1, test: 0.2, seed: 1 };
const COLUMN: Split = { by: 'column', column: 'part', train: ['a'], validation: [], test: ['x', 'y'] };
const REFUSED = 'it cannot be proven that the current version has not read the held-out rows: ';

const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}T00:00:00.000Z`;
const range = (from: number, to: number) => ({ from: day(from), to: day(to) });

/** A model split by time: training, validation and test begin on these days. */
function timed(train: number, validation: number, test: number, end: number): Reading {
  const time = {
    ...range(train, end),
    train: range(train, validation - 1),
    validation: validation === test ? null : range(validation, test - 1),
    test: range(test, end),
  };
  return { declaration: { split: TIME }, data: { time } };
}

const untimed = (split: Split): Reading => ({ declaration: { split }, data: { time: null } });

describe('by time', () => {
  it('rows that are later than all that was read are new', () => {
    expect(proveUnread(timed(1, 8, 9, 10), timed(2, 9, 10, 11), 0)).toEqual({
      isProven: true,
      because: `its rows, ${day(10)} to ${day(11)}, are later than all that the new version (${day(2)} to ${day(9)}) and the current one (${day(1)} to ${day(8)}) have read`,
    });
  });

  it('the test rows of the champion were never read by it', () => {
    expect(proveUnread(timed(1, 8, 9, 10), timed(1, 8, 9, 10), 0).isProven).toBe(true);
  });

  it.each([
    ['trained on them', timed(1, 12, 13, 14)],
    ['stopped by them', timed(1, 8, 11, 12)],
    ['read rows of their first instant', timed(1, 9, 11, 12)],
  ])('not where the champion %s', (_how, champion) => {
    const { to } = champion.data.time?.validation ?? range(0, 0);
    expect(proveUnread(champion, timed(1, 9, 10, 11), 0)).toEqual({
      isProven: false,
      because: `${REFUSED}its rows are of ${day(10)} to ${day(11)}, the current version has read ${day(1)} to ${to}, the new one ${day(1)} to ${day(9)}`,
    });
  });

  it('a model without validation rows has read its training rows alone', () => {
    expect(proveUnread(timed(1, 9, 9, 10), timed(1, 9, 10, 11), 0).isProven).toBe(true);
  });

  it('not where the new version itself has read such days: a hash splits every day', () => {
    const time = { ...range(1, 9), train: range(1, 9), validation: range(1, 9), test: range(1, 9) };
    const { isProven } = proveUnread(timed(1, 3, 4, 5), { declaration: { split: HASH }, data: { time } }, 0);
    expect(isProven).toBe(false);
  });
});

describe('by a hash', () => {
  it.each([
    ['the same split', HASH],
    ['a larger test share', { ...HASH, test: 0.3 }],
    ['another share for validation', { ...HASH, validation: 0 }],
  ])('the same rows are held out by %s', (_what, split) => {
    expect(proveUnread(untimed(split), untimed(HASH), 0)).toEqual({
      isProven: true,
      because: 'both versions hold out the same rows, by the hash of user',
    });
  });

  it.each([
    ['another column', { ...HASH, columns: ['item'] }, 'split by the hash of item (seed 1, test 0.2)'],
    ['another seed', { ...HASH, seed: 2 }, 'split by the hash of user (seed 2, test 0.2)'],
    ['a smaller test share', { ...HASH, test: 0.1 }, 'split by the hash of user (seed 1, test 0.1)'],
    ['values of a column', COLUMN, 'split by part (test x, y)'],
    ['time, of which the ranges are lost', TIME, 'split by time'],
  ] as const)('nothing is known of %s', (_what, split, text) => {
    expect(proveUnread(untimed(split), untimed(HASH), 0)).toEqual({
      isProven: false,
      because: `${REFUSED}the new version's is a split by the hash of user (seed 1, test 0.2), the current one's a ${text}, and no time ranges tell instead`,
    });
  });

  it('rows without a value are held out by their place in the log, which is another in another log', () => {
    expect(proveUnread(untimed(HASH), untimed(HASH), 1200)).toEqual({
      isProven: false,
      because: `${REFUSED}1,200 rows have no value in the column that the split hashes, and no time ranges tell instead`,
    });
  });
});

describe('by the values of a column', () => {
  it('the same rows are held out where the champion held out those values', () => {
    expect(proveUnread(untimed(COLUMN), untimed({ ...COLUMN, test: ['y'] }), 0)).toEqual({
      isProven: true,
      because: 'both versions hold out the same rows, by the values of part',
    });
    expect(proveUnread(untimed({ ...COLUMN, test: ['y'] }), untimed(COLUMN), 0).isProven).toBe(false);
  });
});
