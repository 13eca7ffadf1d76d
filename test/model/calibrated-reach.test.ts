/** Calibration of the products: of the probability of reaching each stage from the root. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { traceScores } from '../../lib/engine/ort/scoring-graph.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import { whyNoProduct } from '../../lib/model/calibrated-reach.ts';
import type { Calibrator, Calibrators, ModelCalibration } from '../../lib/model/calibrators.ts';
import { modelOf } from '../../lib/model/model.ts';
import { modelOutputs, reachOutputs, stageReach } from '../../lib/model/outputs.ts';
import { type StageGraph, stageGraph } from '../../lib/model/stage-graph.ts';
import type { InputSpec } from '../../lib/table/encoded.ts';
import { chainOfThree, esm2, stage } from './funnels.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const platt = (slope: number, intercept: number): Calibrator => ({ kind: 'platt', slope, intercept });

/** A chain whose middle stage has no label. */
const hiddenCart = stageGraph({
  root: 'impression',
  stages: [stage('click', 'impression'), stage('cart', 'click', { label: null }), stage('buy', 'cart')],
  roles: { impression: 'impression', click: 'click', conversion: 'buy' },
});
const chain = stageGraph(chainOfThree);
const merged = stageGraph(esm2);

/** The outputs of rows with these logits by tower, from a network that has towers only. */
function outputsOf(
  graph: StageGraph,
  logits: Readonly<Record<string, readonly number[]>>,
  calibrators: Calibrators,
): Record<string, number[]> {
  const network = { outputs: reachOutputs({ graph }) } as Parameters<typeof modelOutputs>[0]['network'];
  const forward = Object.fromEntries(
    Object.entries(logits).map(([name, values]) => [name, tf.tensor2d([...values], [values.length, 1])]),
  );
  const outputs = modelOutputs({ graph, network }, forward, { of: 'product', calibrators });
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
}

describe('the outputs of calibrated products', () => {
  // Within these, three stages below one another have a probability that is a float32 above 0: exp(-77) at the least.
  const logit = fc.double({ min: -12, max: 12, noNaN: true });
  const calibrator = fc.option(
    fc.record({
      slope: fc.double({ min: 0, max: 2, noNaN: true }),
      intercept: fc.double({ min: -5, max: 5, noNaN: true }),
    }),
  );

  it.each([
    { name: 'a chain', graph: chain, conversion: 'conversion' },
    { name: 'a chain with a stage that has no label', graph: hiddenCart, conversion: 'buy' },
    { name: 'two paths that meet', graph: merged, conversion: 'buy' },
  ])('are those of one funnel, whatever the logits and calibrators: $name', ({ graph, conversion }) => {
    const towers = graph.towers.map(({ name }) => name);
    const rows = fc.array(fc.tuple(...towers.map(() => logit)), { minLength: 1, maxLength: 20 });
    const maps = fc.tuple(...graph.labelled.map(() => calibrator));
    void fc.assert(
      fc.property(rows, maps, (drawn, chosen) => {
        const logits = Object.fromEntries(towers.map((tower, i) => [tower, drawn.map((row) => row[i] as number)]));
        const calibrators = Object.fromEntries(
          graph.labelled.flatMap(({ name }, i) => {
            const map = chosen[i];
            return map ? [[name, platt(map.slope, map.intercept)]] : [];
          }),
        );
        const outputs = outputsOf(graph, logits, calibrators);
        for (const { name, from, to } of graph.outputs) {
          const [given, whole] = [entire(graph, from), entire(graph, to)];
          for (let row = 0; row < drawn.length; row++) {
            const value = outputs[name]?.[row] as number;
            expect(value).toBeGreaterThan(0);
            expect(value).toBeLessThanOrEqual(1);
            if (given === null) continue;
            const [before, after] = [outputs[given]?.[row] as number, outputs[whole as string]?.[row] as number];
            expect(after).toBeLessThanOrEqual(before);
            if (after > 1e-30) expect(Math.abs(after / (before * value) - 1)).toBeLessThan(2e-5);
          }
        }
        expect(outputs.pctcvr).toEqual(outputs[entire(graph, conversion) as string]);
      }),
      { numRuns: 60 },
    );
  });

  it('are those of the model where nothing has a calibrator', () => {
    const logits = {
      click: [-3, 0, 2],
      action: [1, -1, 0.5],
      buy_after_action: [2, -2, 0],
      buy_after_other: [-4, 1, 3],
    };
    const own = reachOutputs({ graph: merged })(
      Object.fromEntries(Object.entries(logits).map(([name, values]) => [name, tf.tensor2d(values, [3, 1])])),
    );
    const outputs = outputsOf(merged, logits, {});
    for (const [name, tensor] of Object.entries(own))
      for (const [row, value] of tensor.dataSync().entries())
        expect((outputs[name]?.[row] as number) / value).toBeCloseTo(1, 5);
  });

  it('keep the order of the products, and pctr as it is', () => {
    const rows = 400;
    const of = (salt: number) => Array.from({ length: rows }, (_, row) => 4 * Math.sin(row * salt) - 2);
    const logits = { click: of(1.7), conversion: of(2.3) };
    const [plain, calibrated] = [
      outputsOf(chain, logits, {}),
      outputsOf(chain, logits, { conversion: platt(1.2, -1) }),
    ];
    const order = (values: readonly number[]) =>
      Array.from({ length: rows }, (_, row) => row).sort((a, b) => (values[a] as number) - (values[b] as number));
    expect(order(calibrated.pctcvr as number[])).toEqual(order(plain.pctcvr as number[]));
    expect(calibrated.pctr).toEqual(plain.pctr);
    expect(calibrated.pctcvr).not.toEqual(plain.pctcvr);
  });

  it('give a conversion no more than its click where the calibrator would', () => {
    const { pctr, pcvr, pctcvr } = outputsOf(chain, { click: [-2], conversion: [3] }, { conversion: platt(1, 1) });
    expect(pctcvr).toEqual(pctr);
    expect(pcvr).toEqual([1]);
  });

  it('give a stage without a label at least what is reached through it', () => {
    const logits = { click: [0], cart: [-2], buy: [4] };
    const { p_cart_entire, pctr, pctcvr } = outputsOf(hiddenCart, logits, { buy: platt(1, 1.5) });
    expect(p_cart_entire).toEqual(pctcvr);
    expect((pctr as number[])[0]).toBeCloseTo(0.5, 6);
  });
});

/** The output of reaching a stage from the root; `null` for the root. */
function entire({ root, outputs }: StageGraph, to: string): string | null {
  return outputs.find((output) => output.from === root && output.to === to)?.name ?? null;
}

describe('whyNoProduct', () => {
  it('finds stages that exclude each other, and no other funnel', () => {
    const apart = stageGraph({ ...esm2, stages: [...esm2.stages, stage('leave', 'other')] });
    expect([chain, hiddenCart, merged, apart].map(whyNoProduct)).toEqual([
      null,
      null,
      null,
      'leave is reached through other alone',
    ]);
  });
});

describe('stageReach', () => {
  it('takes what the network gives, what its towers give, or nothing', () => {
    const forward = { click: tf.tensor2d([[1]]), conversion: tf.tensor2d([[2]]) };
    const own = { click: tf.tensor2d([[3]]) };
    expect(stageReach(chain, { reach: () => own }, forward)).toBe(own);
    expect(Object.keys(stageReach(chain, {}, forward) ?? {})).toEqual(['click', 'conversion']);
    expect(stageReach(chain, {}, { click: forward.click })).toBeNull();
  });
});

describe('the ONNX graph of calibrated products', () => {
  const inputs: readonly InputSpec[] = [
    { kind: 'number', name: 'a', entity: 'user', clip: null, log1p: false, mean: 0, deviation: 1 },
    { kind: 'number', name: 'b', entity: 'item', clip: null, log1p: false, mean: 0, deviation: 1 },
  ];
  const model = modelOf(chain, { type: 'esmm', hiddenUnits: [2], fields: 'concatenate' }, inputs, []);
  // The towers' logits are the numbers a and b, as in calibrators.test.ts.
  const parameters = Object.fromEntries(
    model.network.parameters.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((x, y) => x * y, 1));
      const input = name.startsWith('click') ? 0 : 1;
      if (name.endsWith('0.weight')) values.set([1, -1], 2 * 2 * input);
      if (name.endsWith('1.weight')) values.set([1, -1]);
      return [name, values];
    }),
  );
  const values = [-80, -40, -17, -3, -1e-3, 0, 1.5, 17, 40, 80];
  const pairs = values.flatMap((a) => values.map((b): [number, number] => [a, b]));

  it.each([
    { name: 'both calibrated', calibrators: { click: platt(0.5, -1), conversion: platt(0.9, -0.5) } },
    { name: 'the product alone', calibrators: { conversion: platt(1, -2) } },
    { name: 'the click alone', calibrators: { click: platt(0.5, -1) } },
  ])('gives the probabilities computed in float64: $name', async ({ calibrators }) => {
    const calibration: ModelCalibration = { of: 'product', calibrators };
    const session = await Session.open(onnxBytes(traceScores(model, inputs, { parameters, tables: {} }, calibration)), {
      threads: 1,
    });
    const column = (i: 0 | 1) => ({ data: Float32Array.from(pairs, (pair) => pair[i]), shape: [pairs.length] });
    const scores = await session.run({ a: column(0), b: column(1) });
    for (const [row, [a, b]] of pairs.entries())
      for (const [name, expected] of Object.entries(byHand(a, b, calibrators)))
        if (expected > 1e-37)
          expect(Math.abs((scores[name]?.[row] as number) / expected - 1), `${name} at ${a}, ${b}`).toBeLessThan(1e-5);
    await session.release();
  });
});

/** The outputs of one row of the chain, from negative logarithms, each a sum of terms of one sign. */
function byHand(a: number, b: number, maps: { readonly click?: Calibrator; readonly conversion?: Calibrator }) {
  const map = (calibrator: Calibrator, x: number) =>
    calibrator.kind === 'platt' ? calibrator.slope * x + calibrator.intercept : Number.NaN;
  const click = maps.click === undefined ? a : map(maps.click, a);
  // 1 / (p q) - 1 = e^-a + e^-b + e^-(a + b), without a term that could overflow.
  const product = -logSum([-a, -b, -a - b]);
  const own = maps.conversion === undefined ? -logSum([-click, -b, -click - b]) : map(maps.conversion, product);
  const conversion = Math.min(own, click);
  const [notClicked, notConverted] = [softplus(-click), softplus(-conversion)];
  return { pctr: Math.exp(-notClicked), pctcvr: Math.exp(-notConverted), pcvr: Math.exp(notClicked - notConverted) };
}

function logSum(terms: readonly number[]): number {
  const most = Math.max(...terms);
  return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
