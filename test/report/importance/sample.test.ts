import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../lib/numbers/random.ts';
import { drawDonors } from '../../../lib/report/importance/sample.ts';
import { drawByOutcome } from '../../../lib/report/importance/strata.ts';

/** 10,000 rows: every tenth is a click, every 500th a conversion. */
const ROWS = 10_000;
const click = Int8Array.from({ length: ROWS }, (_, row) => Number(row % 10 === 0));
const conversion = Int8Array.from({ length: ROWS }, (_, row) => Number(row % 500 === 0));
const ALL = Uint32Array.from(click.keys());

describe('a sample by outcome', () => {
  it('has every row of the rarest outcome, and as many of the others as fit, each for the rows that it stands for', () => {
    const { indices, counts } = drawByOutcome({ click, conversion }, ALL, 620);
    const outcomes = [...indices].map((row) => (click[row] as number) + (conversion[row] as number));
    const ofOutcome = (outcome: number) => outcomes.flatMap((each, place) => (each === outcome ? place : []));
    expect([2, 1, 0].map((outcome) => ofOutcome(outcome).length)).toEqual([20, 300, 300]);
    expect([2, 1, 0].map((outcome) => counts[ofOutcome(outcome)[0] as number])).toEqual([
      1,
      Math.fround(980 / 300),
      30,
    ]);
    expect([...indices]).toEqual([...indices].sort((a, b) => a - b));
    expect(new Set(indices).size).toBe(620);
  });

  it('has rows of the whole log and of every position in a page of ten', () => {
    const { indices } = drawByOutcome({ click, conversion }, ALL, 620);
    const none = [...indices].filter((row) => click[row] === 0);
    const shares = (of: (row: number) => number) =>
      Array.from({ length: 10 }, (_, part) => none.filter((row) => of(row) === part).length);
    for (const count of shares((row) => Math.floor(row / 1000))) expect(Math.abs(count - 30)).toBeLessThanOrEqual(1);
    for (const count of shares((row) => row % 10).slice(1)) expect(Math.abs(count - 300 / 9)).toBeLessThan(12);
  });

  it('is all rows where they are few', () => {
    const few = Uint32Array.of(3, 10, 500);
    expect(drawByOutcome({ click, conversion }, few, 3)).toEqual({ indices: few, counts: Float32Array.of(1, 1, 1) });
  });
});

describe('donors', () => {
  it('are a permutation where all rows stand for as many', () => {
    const donors = drawDonors(new Float32Array(100).fill(7), randomStream(1, 'test'));
    expect([...donors].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, row) => row));
    expect([...donors]).not.toEqual([...donors].sort((a, b) => a - b));
  });

  it('are drawn as often as they stand for rows of the log', () => {
    const weight = Float32Array.from({ length: 100 }, (_, row) => (row < 50 ? 1 : 3));
    const donors = drawDonors(weight, randomStream(1, 'test'));
    for (const [row, times] of [...weight].map(
      (_, row) => [row, donors.filter((donor) => donor === row).length] as const,
    ))
      expect(Math.abs(times - (weight[row] as number) / 2)).toBeLessThan(1);
    expect(donors.filter((donor) => donor >= 50)).toHaveLength(75);
  });
});
