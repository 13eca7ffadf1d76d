import { describe, expect, it } from 'vitest';
import { wrongScores } from '../../../bin/stack/canary.ts';

const COLUMNS = { keys: ['id'], outputs: ['pctr', 'pcvr', 'pctcvr'] };
const ROW = { id: 'entirespace-doctor', pctr: '0.5', pcvr: '0.25', pctcvr: '0.125' };

describe("the canary's row of scores", () => {
  it('is right if its key is its own, and its outputs are probabilities of which one is a product', () => {
    expect(wrongScores(ROW, COLUMNS)).toBeNull();
  });

  it('may have columns that are no probabilities beside its outputs', () => {
    expect(wrongScores({ ...ROW, last_items: '[1]', value: '17.5', note: null }, COLUMNS)).toBeNull();
  });

  it('may have a quotient that is clipped to 1', () => {
    expect(wrongScores({ ...ROW, pcvr: '1', pctcvr: '0.6' }, COLUMNS)).toBeNull();
  });

  it.each([
    { name: 'another key', row: { ...ROW, id: '7' }, problem: 'score has id 7, expected entirespace-doctor' },
    { name: 'an output above 1', row: { ...ROW, pcvr: '1.5' }, problem: 'score pcvr is 1.5, expected a probability' },
    {
      name: 'an output without a value',
      row: { ...ROW, pctr: null },
      problem: 'score pctr is missing, expected a probability',
    },
    {
      name: 'a lacking output',
      row: { id: ROW.id, pctr: '0.5', pcvr: '0.25' },
      problem: 'score pctcvr is missing, expected a probability',
    },
    {
      name: 'a product that is none',
      row: { ...ROW, pctcvr: '0.2' },
      problem: 'score pctcvr is 0.2, expected pctr x pcvr = 0.125',
    },
  ])('is wrong with $name', ({ row, problem }) => {
    expect(wrongScores(row, COLUMNS)).toBe(problem);
  });
});
