import { describe, expect, it } from 'vitest';
import { sharedSlices, shareOf } from '../../../lib/engine/step/step-setup.ts';

describe('the shares of a team', () => {
  it('are as equal as whole things can be', () => {
    expect([0, 1, 2].map((member) => shareOf(10, member, 3))).toEqual([
      { from: 0, to: 3 },
      { from: 3, to: 6 },
      { from: 6, to: 10 },
    ]);
  });

  it('of rows that share users begin where the user changes, so that each user is one member’s', () => {
    const rows = Int32Array.of(0, 0, 1, 1, 1, 1, 2, 3, 3);
    expect([0, 1, 2].map((member) => sharedSlices(rows, 4, member, 3))).toEqual([
      { rows: { from: 0, to: 6 }, shared: { from: 0, to: 2 } },
      { rows: { from: 6, to: 6 }, shared: { from: 2, to: 2 } },
      { rows: { from: 6, to: 9 }, shared: { from: 2, to: 4 } },
    ]);
  });

  it('of rows that share one user are all of one member', () => {
    const rows = new Int32Array(5);
    expect([0, 1].map((member) => sharedSlices(rows, 1, member, 2))).toEqual([
      { rows: { from: 0, to: 5 }, shared: { from: 0, to: 1 } },
      { rows: { from: 5, to: 5 }, shared: { from: 1, to: 1 } },
    ]);
  });
});
