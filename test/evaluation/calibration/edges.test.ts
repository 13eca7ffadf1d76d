import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitCalibrators } from '../../../lib/evaluation/calibration/calibration-method.ts';
import { EDGES } from '../../../lib/evaluation/calibration/edges.ts';
import { fitIsotonic } from '../../../lib/evaluation/calibration/isotonic.ts';
import { fitPlatt } from '../../../lib/evaluation/calibration/platt.ts';
import { reachMass } from '../../../lib/evaluation/calibration/reach-mass.ts';
import { type StageGraph, stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, esm2 } from '../../model/funnels.ts';
import { calibratorRows } from '../reference/calibrator-rows.ts';

interface Reference {
  readonly clicks: number;
  readonly conversions: number;
  readonly platt: Readonly<Record<'click' | 'conversion', { readonly slope: number; readonly intercept: number }>>;
  readonly isotonic: { readonly rows: number; readonly logits: readonly number[]; readonly rates: readonly number[] };
}

const reference = JSON.parse(
  readFileSync(new URL('../reference/calibrators.json', import.meta.url), 'utf8'),
) as Reference;
const rows = calibratorRows();
const graph = stageGraph(chainOfThree);
const funnel = {
  edges: { click: Float32Array.from(rows.click), conversion: Float32Array.from(rows.conversion) },
  labels: { click: rows.y, conversion: rows.z },
  reach: {},
  weight: rows.weight,
};
const count = (label: Int8Array) => label.filter((y) => y === 1).length;

describe('reachMass', () => {
  const logits: Record<string, number> = { click: -2, action: 0.5, buy_after_action: 1, buy_after_other: -3 };
  const logitOf = (tower: string) => logits[tower] as number;
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  /** The mass of one row. */
  const massOf = (
    of: StageGraph,
    logit: (tower: string) => number,
    way: { readonly from: string; readonly to: string },
    differentiated: readonly string[] = [],
  ) => {
    const { reached, missed, slopes } = reachMass(of, (tower) => Float64Array.of(logit(tower)), {
      ...way,
      rows: 1,
      differentiated,
    });
    return { reached: reached[0] as number, missed: missed[0] as number, slopes: slopes.map(([slope]) => slope) };
  };

  it('sums over exclusive paths (equation 9 of arXiv 1910.07099)', () => {
    const [click, action, afterAction, afterOther] = [-2, 0.5, 1, -3].map(sigmoid) as [number, number, number, number];
    const { reached, missed } = massOf(stageGraph(esm2), logitOf, { from: 'impression', to: 'buy' });
    expect(reached).toBeCloseTo(click * (action * afterAction + (1 - action) * afterOther), 14);
    expect(reached + missed).toBeCloseTo(1, 14);
  });

  it('has the derivatives that finite differences give', () => {
    const towers = ['click', 'action', 'buy_after_action', 'buy_after_other'];
    const way = { from: 'impression', to: 'buy' };
    const { slopes } = massOf(stageGraph(esm2), logitOf, way, towers);
    for (const [i, tower] of towers.entries()) {
      const moved = (by: number) => (name: string) => logitOf(name) + (name === tower ? by : 0);
      const difference =
        (massOf(stageGraph(esm2), moved(1e-5), way).reached - massOf(stageGraph(esm2), moved(-1e-5), way).reached) /
        2e-5;
      expect(slopes[i]).toBeCloseTo(difference, 9);
    }
  });

  it('loses neither the reached nor the missed mass at logits of 80', () => {
    const { reached, missed } = massOf(graph, () => 80, { from: 'impression', to: 'conversion' });
    expect(reached).toBe(1);
    expect(missed / (2 * Math.exp(-80))).toBeCloseTo(1, 12);
  });
});

describe('Platt scaling', () => {
  it('is tested on the rows that the reference was computed from', () => {
    expect([count(rows.y), count(rows.z)]).toEqual([reference.clicks, reference.conversions]);
  });

  it('finds the maximum likelihood that SciPy finds, of the first edge and of the second one through it', () => {
    const { calibrators, uncalibrated } = fitCalibrators(EDGES, graph, funnel, 'platt');
    for (const tower of ['click', 'conversion'] as const) {
      const { slope, intercept } = reference.platt[tower];
      const fitted = calibrators[tower];
      if (fitted?.kind !== 'platt') throw new Error(`no Platt calibrator of ${tower}`);
      expect(fitted.slope).toBeCloseTo(slope, 4);
      expect(fitted.intercept).toBeCloseTo(intercept, 4);
    }
    expect(uncalibrated).toEqual({});
  });

  it('recovers the slopes and intercepts of all edges where two lead to one stage', () => {
    const merged = stageGraph(esm2);
    const draw = mulberry32(5);
    const size = 60_000;
    const towers = ['click', 'action', 'buy_after_action', 'buy_after_other'];
    const logits = Object.fromEntries(
      towers.map((tower) => [tower, Float32Array.from({ length: size }, () => 3 * draw() - 1)]),
    );
    const truth = (tower: string, row: number) => 0.5 * (logits[tower]?.[row] as number) + 0.3;
    const labels = { click: new Int8Array(size), action: new Int8Array(size), buy: new Int8Array(size) };
    for (let row = 0; row < size; row++) {
      const happens = (tower: string) => draw() < 1 / (1 + Math.exp(-truth(tower, row)));
      if (!happens('click')) continue;
      labels.click[row] = 1;
      const acted = happens('action');
      labels.action[row] = Number(acted);
      labels.buy[row] = Number(happens(acted ? 'buy_after_action' : 'buy_after_other'));
    }
    const { calibrators } = fitCalibrators(EDGES, merged, { edges: logits, reach: {}, labels, weight: null }, 'platt');
    for (const tower of towers) {
      const fitted = calibrators[tower] as { readonly slope: number; readonly intercept: number };
      expect(Math.abs(fitted.slope - 0.5)).toBeLessThan(0.06);
      expect(Math.abs(fitted.intercept - 0.3)).toBeLessThan(0.06);
    }
  });

  it('does not reverse a ranking', () => {
    const logit = Float64Array.from({ length: 1000 }, (_, row) => row / 500 - 1);
    const label = Int8Array.from(logit, (x, row) => Number(x < 0 || row % 4 === 0));
    const two = stageGraph(chainOfTwo);
    const { click } = fitPlatt({
      graph: two,
      towers: ['click'],
      stage: 'click',
      logits: { click: logit },
      label,
      weight: null,
    });
    const rate = label.reduce((sum, y) => sum + y, 0) / 1000;
    expect(click?.slope).toBe(0);
    expect(click?.intercept).toBeCloseTo(Math.log(rate / (1 - rate)), 6);
  });
});

describe('isotonic calibration', () => {
  it('finds the rates that scikit-learn finds', () => {
    const { calibrators } = fitCalibrators(EDGES, graph, funnel, 'isotonic');
    const fitted = calibrators.conversion;
    if (fitted?.kind !== 'isotonic') throw new Error('no isotonic calibrator of conversion');
    const bound = 1 / (2 * reference.isotonic.rows);
    const expected = [...new Set(reference.isotonic.rates.map((rate) => rate.toFixed(6)))]
      .map(Number)
      .map((rate) => Math.min(Math.max(rate, bound), 1 - bound));
    const rates = fitted.calibrated.map((logit) => 1 / (1 + Math.exp(-logit)));
    expect(rates).toHaveLength(expected.length);
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[i] as number, 5);
  });

  it('pools the labels 0 1, 0, 1 of the logits 1 1, 2, 3 to the rates 1/3 and 1', () => {
    const { logits, calibrated } = fitIsotonic({
      logit: Float64Array.of(3, 1, 2, 1),
      label: Int8Array.of(1, 0, 0, 1),
      weight: null,
    });
    expect(logits).toEqual([4 / 3, 3]);
    expect(calibrated[0]).toBeCloseTo(Math.log(0.5), 12);
    expect(calibrated[1]).toBeCloseTo(Math.log(7), 12);
  });

  it('increases strictly within [1/(2n), 1 - 1/(2n)] for any rows', () => {
    const row = fc.record({
      logit: fc.double({ min: -80, max: 80, noNaN: true }),
      label: fc.integer({ min: 0, max: 1 }),
    });
    void fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (drawn) => {
        const { logits, calibrated } = fitIsotonic({
          logit: Float64Array.from(drawn, ({ logit }) => logit),
          label: Int8Array.from(drawn, ({ label }) => label),
          weight: null,
        });
        const bound = Math.log(2 * drawn.length - 1) + 1e-9;
        for (const [i, value] of calibrated.entries()) {
          expect(Math.abs(value)).toBeLessThanOrEqual(bound);
          if (i === 0) continue;
          expect(value).toBeGreaterThan(calibrated[i - 1] as number);
          expect(logits[i]).toBeGreaterThan(logits[i - 1] as number);
        }
      }),
    );
  });
});

describe('calibration of the edges', () => {
  it('leaves out an edge with too few rows of one outcome, and gives the reason', () => {
    const none = { ...funnel, labels: { ...funnel.labels, conversion: rows.z.map((z) => Math.min(z, 0)) } };
    for (const kind of ['platt', 'isotonic'] as const) {
      const { calibrators, uncalibrated } = fitCalibrators(EDGES, graph, none, kind);
      expect(Object.keys(calibrators)).toEqual(['click']);
      expect(uncalibrated.conversion).toMatch(/^0 rows of conversion and \d+ without, expected 10 of each$/);
    }
  });

  it('leaves out an isotonic edge that starts at a stage without a label, and gives the reason', () => {
    const { uncalibrated } = fitCalibrators(
      EDGES,
      stageGraph(esm2),
      {
        edges: Object.fromEntries(
          ['click', 'action', 'buy_after_action', 'buy_after_other'].map((tower) => [tower, funnel.edges.click]),
        ),
        reach: {},
        labels: { click: rows.y, action: rows.y, buy: rows.y },
        weight: null,
      },
      'isotonic',
    );
    expect(uncalibrated.buy_after_other).toBe('no label tells which rows reached other');
  });
});

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
