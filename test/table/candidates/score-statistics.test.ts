import { describe, expect, it } from 'vitest';
import { addStatistics, ScoreCounter } from '../../../lib/table/candidates/score-statistics.ts';

const scores = (length: number, of: (row: number) => number) => ({
  pctr: Float32Array.from({ length }, (_, i) => of(i)),
});

describe('score statistics', () => {
  it('of chunks are those of all rows', () => {
    const [whole, first, second] = [new ScoreCounter(['pctr']), new ScoreCounter(['pctr']), new ScoreCounter(['pctr'])];
    whole.add(scores(1000, (row) => (row + 1) / 1024));
    first.add(scores(300, (row) => (row + 1) / 1024));
    second.add(scores(700, (row) => (row + 301) / 1024));
    const added = addStatistics(first.statistics(), second.statistics());
    expect(added).toEqual(whole.statistics());
    expect(added.pctr).toMatchObject({ rows: 1000, sum: (1000 * 1001) / 2 / 1024 });
  });

  it('keep an output that only one of them has', () => {
    const counter = new ScoreCounter(['pctr']);
    counter.add(scores(2, () => 0.5));
    expect(addStatistics({}, counter.statistics())).toEqual({
      pctr: { rows: 2, sum: 1, sumOfSquares: 0.5, bins: { from: 48, values: [2] } },
    });
  });
});
