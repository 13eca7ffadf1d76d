import { expect, it } from 'vitest';
import { rowLosses } from '../../../lib/gate/comparison/row-losses.ts';

const STAGES = [
  { stage: 'click', output: 'pctr', weight: 1 },
  { stage: 'conversion', output: 'pctcvr', weight: 2 },
];

it('a row’s loss is the weighted sum over the stages, of those labels that are known', () => {
  const probabilities = { pctr: Float32Array.of(0.5, 0.25, 0.5), pctcvr: Float32Array.of(0.25, 0.125, 0.25) };
  const labels = { click: Int8Array.of(1, 0, 1), conversion: Int8Array.of(1, 0, -1) };
  const expected = [Math.log(2) + 2 * Math.log(4), Math.log(4 / 3) + 2 * Math.log(8 / 7), Math.log(2)];
  for (const [row, loss] of rowLosses(STAGES, probabilities, labels).entries())
    expect(loss).toBeCloseTo(expected[row] as number, 14);
});

it('a certain prediction that is wrong costs much, but no more than a number can say', () => {
  const losses = rowLosses(
    [{ stage: 'click', output: 'pctr', weight: 1 }],
    { pctr: Float32Array.of(0, 1, 0, 1) },
    { click: Int8Array.of(1, 0, 0, 1) },
  );
  expect([...losses].map((loss) => Math.round(loss))).toEqual([103, 103, 0, 0]);
});

it('a stage without its output is an error, not a loss of 0', () => {
  expect(() =>
    rowLosses(STAGES, { pctr: Float32Array.of(1) }, { click: Int8Array.of(1), conversion: Int8Array.of(1) }),
  ).toThrow(new Error('loss lacks pctcvr or label conversion'));
});
