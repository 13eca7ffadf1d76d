/** Calibration of the products, and the choice between it, the edges and the model as it is. */
import { describe, expect, it } from 'vitest';
import { fitCalibrators, type Logits } from '../../../lib/evaluation/calibration/calibration-method.ts';
import { calibrated } from '../../../lib/evaluation/calibration/calibration-rows.ts';
import { type CalibrationWish, chooseCalibration } from '../../../lib/evaluation/calibration/choose.ts';
import { EDGES } from '../../../lib/evaluation/calibration/edges.ts';
import { FOLDS, foldsOf, testHeldOut } from '../../../lib/evaluation/calibration/held-out.ts';
import { PRODUCT } from '../../../lib/evaluation/calibration/product.ts';
import type { Calibrator } from '../../../lib/model/calibrators.ts';
import { type StageGraph, stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, esm2, stage } from '../../model/funnels.ts';

const chain = stageGraph(chainOfThree);
const ROWS = 12_000;

/** Which of the model's logits are wrong: the towers' or those of the product. */
type Fault = 'none' | 'edges' | 'product';

/**
 * Rows of a chain whose labels are drawn from the true probabilities, with a network whose logits are wrong: those of
 * the edges by slope and intercept, or that of the product, which no map of the edges can mend.
 */
function rowsOf(fault: Fault, seed: number, rows = ROWS) {
  const draw = mulberry32(seed);
  const [click, conversion] = [new Float32Array(rows), new Float32Array(rows)];
  const [reachClick, reachConversion] = [new Float32Array(rows), new Float32Array(rows)];
  const labels = { click: new Int8Array(rows), conversion: new Int8Array(rows) };
  for (let row = 0; row < rows; row++) {
    const shared = 3 * draw() - 2;
    const [a, b] = [shared, 2 * draw() - 1.5 - shared];
    const product = bothLogit(a, b);
    labels.click[row] = Number(draw() < sigmoid(a));
    labels.conversion[row] = Number(labels.click[row] === 1 && draw() < sigmoid(b));
    const wrongClick = fault === 'edges' ? 2 * a + 1 : a;
    // The product's logit is stretched; its conversion edge follows from the ratio of the probabilities.
    const wrongProduct = fault === 'product' ? 2 * product + 1 : product;
    const share = Math.min(sigmoid(wrongProduct) / sigmoid(a), 0.9999);
    const wrongConversion = fault === 'edges' ? 0.5 * b - 1 : fault === 'product' ? Math.log(share / (1 - share)) : b;
    click[row] = wrongClick;
    conversion[row] = wrongConversion;
    reachClick[row] = wrongClick;
    reachConversion[row] = bothLogit(wrongClick, wrongConversion);
  }
  return {
    edges: { click, conversion },
    reach: { click: reachClick, conversion: reachConversion },
    labels,
    weight: null,
    group: null,
  };
}

const wish = (of: CalibrationWish['of'], kind: CalibrationWish['kind'] = 'platt'): CalibrationWish => ({ kind, of });

describe('calibration of the product', () => {
  const rows = rowsOf('product', 1);

  // Isotonic rates are interpolated between their blocks, which moves the sum a little.
  it.each([
    ['platt', 1e-6],
    ['isotonic', 0.02],
  ] as const)('makes the predicted conversions as many as there are: %s', (kind, tolerance) => {
    const { calibrators, uncalibrated } = fitCalibrators(PRODUCT, chain, rows, kind);
    expect(uncalibrated).toEqual({});
    const wide = logitsOf(rows);
    for (const name of ['click', 'conversion'] as const)
      expect(
        Math.abs(
          mean(PRODUCT.reachLogits(chain, wide, calibrators, name), sigmoid) / mean(rows.labels[name], Number) - 1,
        ),
      ).toBeLessThan(tolerance);
    expect(mean(rows.reach.conversion, sigmoid) / mean(rows.labels.conversion, Number)).toBeLessThan(0.7);
  });

  it('recovers the slope and intercept of a distorted logit', () => {
    const { conversion } = fitCalibrators(PRODUCT, chain, rows, 'platt').calibrators;
    if (conversion?.kind !== 'platt') throw new Error('no Platt calibrator of conversion');
    // The distortion is 2 x + 1, so that its inverse is 0.5 x - 0.5.
    expect(Math.abs(conversion.slope - 0.5)).toBeLessThan(0.1);
    expect(Math.abs(conversion.intercept + 0.5)).toBeLessThan(0.2);
  });

  it('calibrates the first stage as the edges do', () => {
    const both = rowsOf('edges', 2);
    expect(fitCalibrators(PRODUCT, chain, both, 'platt').calibrators.click).toEqual(
      fitCalibrators(EDGES, chain, both, 'platt').calibrators.click,
    );
  });

  it('leaves out a stage with too few rows of one outcome, and gives the reason', () => {
    const none = { ...rows, labels: { ...rows.labels, conversion: new Int8Array(ROWS) } };
    const { calibrators, uncalibrated } = fitCalibrators(PRODUCT, chain, none, 'platt');
    expect(Object.keys(calibrators)).toEqual(['click']);
    expect(uncalibrated).toEqual({ conversion: `0 rows of conversion and ${ROWS} without, expected 10 of each` });
  });

  it('gives the reason where stages exclude each other, and where the model has no such logit', () => {
    const apart = stageGraph({ ...esm2, stages: [...esm2.stages, stage('leave', 'other')] });
    const label = rows.labels.click;
    const labels = { click: label, action: label, buy: label, leave: label };
    expect(fitCalibrators(PRODUCT, apart, { ...rows, labels }, 'platt').uncalibrated.buy).toBe(
      'leave is reached through other alone',
    );
    expect(fitCalibrators(PRODUCT, chain, { ...rows, reach: {} }, 'platt').uncalibrated).toEqual({
      click: 'the model has no logit of reaching click',
      conversion: 'the model has no logit of reaching click',
    });
  });
});

describe('calibrated', () => {
  const isotonic: Calibrator = { kind: 'isotonic', logits: [-3, -1, 2], calibrated: [-4, -1, 0.5] };

  it('interpolates between the knots, and continues with slope 1 beyond them', () => {
    const logits = Float64Array.of(-80, -5, -3, -2, -1, 0, 2, 3, 80);
    expect([...calibrated(isotonic, logits)]).toEqual([-81, -6, -4, -2.5, -1, -0.5, 0.5, 1.5, 78.5]);
  });
});

describe('held-out rows', () => {
  const rows = rowsOf('none', 3, 2000);

  it('have their own place in one of five parts of about equal size, with all rows of their group', () => {
    const counts = new Array<number>(FOLDS).fill(0);
    for (const fold of foldsOf(rows)) counts[fold] = (counts[fold] as number) + 1;
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(80);
    const group = Float64Array.from({ length: 2000 }, (_, row) => 2 ** 50 + (row % 100));
    const folds = foldsOf({ ...rows, group });
    expect(folds.every((fold, row) => fold === folds[row % 100])).toBe(true);
    expect(new Set(folds).size).toBe(FOLDS);
  });

  it('are not among those that their calibrators were fitted on', () => {
    const wrong = rowsOf('product', 3, 4000);
    const { kept, losses } = testHeldOut(PRODUCT, chain, wrong, 'platt');
    expect(kept).toEqual(['conversion']);
    const folds = foldsOf(wrong);
    const others = (label: Int8Array) => label.map((y, row) => (folds[row] === 2 ? -1 : y));
    const labels = { click: others(wrong.labels.click), conversion: others(wrong.labels.conversion) };
    const { calibrators } = fitCalibrators(PRODUCT, chain, { ...wrong, labels }, 'platt', kept);
    for (const row of [folds.indexOf(2), folds.lastIndexOf(2)]) {
      const own = (['click', 'conversion'] as const).map((stage) => {
        const [logit] = PRODUCT.reachLogits(chain, logitsOf(wrong, row), calibrators, stage);
        return -Math.log(sigmoid(wrong.labels[stage][row] === 1 ? (logit as number) : -(logit as number)));
      });
      expect(losses[row]).toBeCloseTo((own[0] as number) + (own[1] as number), 10);
    }
  });

  it('do not let a calibrator be kept that has fitted noise', () => {
    const draw = mulberry32(5);
    const click = Float32Array.from({ length: 2000 }, () => 2 * draw() - 1);
    const label = Int8Array.from(click, (x) => Number(draw() < sigmoid(x)));
    const one = stageGraph(chainOfTwo);
    const right = { edges: { click }, reach: { click }, labels: { click: label }, weight: null, group: null };
    const { kept, left } = testHeldOut(PRODUCT, one, right, 'isotonic');
    expect(kept).toEqual([]);
    expect(left.click).toMatch(
      /^on held-out rows the loss is [\d.]+e-\d \(standard error .*\) higher with a calibrator$/,
    );
  });
});

/** The logits of one row, or of all. */
function logitsOf({ edges, reach }: ReturnType<typeof rowsOf>, row?: number): Logits {
  const of = (values: Float32Array) => Float64Array.from(row === undefined ? values : values.subarray(row, row + 1));
  return {
    rows: row === undefined ? edges.click.length : 1,
    edges: { click: of(edges.click), conversion: of(edges.conversion) },
    reach: { click: of(reach.click), conversion: of(reach.conversion) },
  };
}

describe('chooseCalibration', () => {
  it.each([1, 2])('takes the product where no map of the edges mends the model (seed %i)', (seed) => {
    const { of, why, losses, calibrators } = chooseCalibration(chain, rowsOf('product', seed), wish('auto'));
    expect(of).toBe('product');
    expect(why).toMatch(
      /^on held-out rows the loss of the product is [\d.]+e-\d \(standard error [\d.]+e-\d\) lower than that of the edges$/,
    );
    expect(losses?.product).toBeLessThan(losses?.edges as number);
    expect(Object.keys(calibrators)).toEqual(['conversion']);
  });

  it.each([1, 2])('takes the edges where they are wrong (seed %i)', (seed) => {
    expect(chooseCalibration(chain, rowsOf('edges', seed), wish('auto'))).toMatchObject({ of: 'edges' });
  });

  it('leaves a model that is right mostly as it is', () => {
    const chosen = [1, 2, 3, 4, 5, 6].map((seed) => chooseCalibration(chain, rowsOf('none', seed, 2000), wish('auto')));
    const left = chosen.filter(({ of }) => of === 'none');
    expect(left.length).toBeGreaterThan(1);
    for (const { why, calibrators, uncalibrated, left: names } of left) {
      expect(why).toBe('no stage does better on held-out rows than as it is');
      expect(calibrators).toEqual({});
      expect(uncalibrated).toEqual({});
      expect(Object.keys(names)).toEqual(['click', 'conversion']);
    }
  });

  it('calibrates the stages that do better with it, and says why not the others', () => {
    const { edges, labels, reach, ...rows } = rowsOf('none', 2);
    // The logits of the click alone are wrong; those of the conversion are noise beside few labels.
    const few = { click: labels.click, conversion: labels.conversion.map((y, row) => (row < 400 ? y : -1)) };
    const click = edges.click.map((x) => x + 1.5);
    const wrong = { ...rows, labels: few, edges: { click, conversion: edges.conversion }, reach: { ...reach, click } };
    const { calibrators, left } = chooseCalibration(chain, wrong, wish('auto', 'isotonic'));
    expect(Object.keys(calibrators)).toEqual(['click']);
    expect(Object.keys(left)).toEqual(['conversion']);
  });

  it('takes what is declared without a comparison', () => {
    for (const of of ['edges', 'product'] as const)
      expect(chooseCalibration(chain, rowsOf('none', 1, 2000), wish(of))).toMatchObject({
        of,
        why: 'declared',
        losses: null,
      });
  });

  it('takes the product of a model that has no logits of its edges', () => {
    const rows = { ...rowsOf('product', 1), edges: {} };
    expect(chooseCalibration(chain, rows, wish('auto'))).toMatchObject({
      of: 'product',
      why: 'the product alone can be calibrated',
    });
    expect(chooseCalibration(chain, rows, wish('edges'))).toMatchObject({
      of: 'none',
      why: 'nothing can be fitted',
      uncalibrated: { click: 'the model has no logit of the edge click' },
    });
  });

  it('calibrates nothing where there are too few conversions and clicks', () => {
    const rows = rowsOf('none', 1, 12);
    const { of, uncalibrated } = chooseCalibration(chain, rows, wish('auto'));
    expect(of).toBe('none');
    expect(uncalibrated.conversion).toMatch(/^\d+ rows of conversion and \d+ without, expected 10 of each$/);
  });

  it('gives the same whatever the order of the calls', () => {
    const rows = rowsOf('product', 4, 5000);
    expect(chooseCalibration(chain, rows, wish('auto'))).toEqual(chooseCalibration(chain, rows, wish('auto')));
  });

  it('chooses for two paths that meet', () => {
    const merged = stageGraph(esm2);
    expect(chooseCalibration(merged, mergedRows(merged), wish('auto'))).toMatchObject({ of: 'edges' });
    expect(chooseCalibration(merged, mergedRows(merged), wish('product')).uncalibrated).toEqual({});
  });
});

/** Rows of ESM2's funnel, whose towers' logits are shifted. */
function mergedRows(graph: StageGraph) {
  const draw = mulberry32(9);
  const towers = graph.towers.map(({ name }) => name);
  const size = 6000;
  const edges = Object.fromEntries(
    towers.map((tower) => [tower, Float32Array.from({ length: size }, () => 3 * draw() - 1)]),
  );
  const labels = { click: new Int8Array(size), action: new Int8Array(size), buy: new Int8Array(size) };
  const reach = { click: new Float32Array(size), action: new Float32Array(size), buy: new Float32Array(size) };
  for (let row = 0; row < size; row++) {
    const [a = 0, b = 0, c = 0, d = 0] = towers.map((tower) => edges[tower]?.[row] as number);
    const [click, action] = [draw() < sigmoid(a - 1), draw() < sigmoid(b - 1)];
    labels.click[row] = Number(click);
    labels.action[row] = Number(click && action);
    labels.buy[row] = Number(click && draw() < sigmoid((action ? c : d) - 1));
    const buy = sigmoid(a) * (sigmoid(b) * sigmoid(c) + sigmoid(-b) * sigmoid(d));
    reach.click[row] = a;
    reach.action[row] = bothLogit(a, b);
    reach.buy[row] = Math.log(buy / (1 - buy));
  }
  return { edges, reach, labels, weight: null, group: null };
}

function mean(values: ArrayLike<number>, of: (value: number) => number): number {
  return Array.from(values).reduce((sum, value) => sum + of(value), 0) / values.length;
}

function bothLogit(a: number, b: number): number {
  const p = sigmoid(a) * sigmoid(b);
  return Math.log(p / (1 - p));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
