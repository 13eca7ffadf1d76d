import { describe, expect, it } from 'vitest';
import { clippedShares } from '../../lib/evaluation/clipped.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { chainOfThree } from '../model/funnels.ts';

const graph = stageGraph(chainOfThree);
const pctr = Float32Array.of(0.1, 0.2, 0.3, 0.4);

describe('the share of rows in which a quotient is clipped', () => {
  it('is that of the rows whose later stage is predicted to be likelier', () => {
    const pctcvr = Float32Array.of(0.2, 0.1, 0.3, 0.5);
    expect(clippedShares(graph, { pctr, pctcvr }, null)).toEqual({ pcvr: 0.5 });
  });

  it('is by weight, and does not count a quotient within the rounding of 1', () => {
    const pctcvr = Float32Array.of(0.2, 0.1, Math.fround(0.3) * (1 + 5e-7), 0.1);
    expect(clippedShares(graph, { pctr, pctcvr }, Float32Array.of(1, 2, 3, 4))).toEqual({ pcvr: 0.1 });
  });
});
