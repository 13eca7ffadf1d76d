import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { traceScores } from '../../lib/engine/ort/scoring-graph.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import { type Calibrators, calibrateLogits } from '../../lib/model/calibrators.ts';
import { modelOf } from '../../lib/model/model.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import type { InputSpec } from '../../lib/table/encoded.ts';
import { chainOfThree } from './funnels.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const PLATT: Calibrators = { click: { kind: 'platt', slope: 0.5, intercept: -1 } };
const ISOTONIC: Calibrators = { click: { kind: 'isotonic', logits: [-3, -1, 2], calibrated: [-4, -1, 0.5] } };

function calibrated(calibrators: Calibrators, logits: readonly number[]): number[] {
  const { click } = calibrateLogits(calibrators, { click: tf.tensor2d([...logits], [logits.length, 1]) });
  return [...(click as tf.Tensor).dataSync()];
}

describe('calibrateLogits', () => {
  it('applies slope and intercept of a Platt calibrator', () => {
    expect(calibrated(PLATT, [-80, 0, 2, 80])).toEqual([-41, -1, 0, 39]);
  });

  it('interpolates between the knots of an isotonic calibrator, and continues with slope 1 beyond them', () => {
    expect(calibrated(ISOTONIC, [-80, -5, -3, -2, -1, 0, 2, 3, 80])).toEqual([
      -81, -6, -4, -2.5, -1, -0.5, 0.5, 1.5, 78.5,
    ]);
  });

  it('adds a constant where an isotonic calibrator has a single knot', () => {
    const shift: Calibrators = { click: { kind: 'isotonic', logits: [1], calibrated: [3] } };
    expect(calibrated(shift, [-1, 1, 4])).toEqual([1, 3, 6]);
  });

  it('leaves the logits of a tower without a calibrator unchanged', () => {
    expect(calibrated({}, [-1, 1])).toEqual([-1, 1]);
  });
});

describe('the ONNX graph of a calibrated model', () => {
  const inputs: readonly InputSpec[] = [
    { kind: 'number', name: 'a', entity: 'user', clip: null, log1p: false, mean: 0, deviation: 1 },
    { kind: 'number', name: 'b', entity: 'item', clip: null, log1p: false, mean: 0, deviation: 1 },
  ];
  const graph = stageGraph(chainOfThree);
  const model = modelOf(graph, { type: 'esmm', hiddenUnits: [2], fields: 'concatenate' }, inputs, []);
  // The first tower's logit is the number a, column 0, the second's the number b, column 2 after a's missing flag,
  // both as relu(x) - relu(-x).
  const parameters = Object.fromEntries(
    model.network.parameters.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((x, y) => x * y, 1));
      const input = name.startsWith('click') ? 0 : 1;
      if (name.endsWith('0.weight')) values.set([1, -1], 2 * 2 * input);
      if (name.endsWith('1.weight')) values.set([1, -1]);
      return [name, values];
    }),
  );
  const values = [-80, -40, -17, -3, -2, -1, 0, 1.5, 17, 40, 80];
  const pairs = values.flatMap((a) => values.map((b): [number, number] => [a, b]));

  it.each([
    { name: 'Platt', calibrators: PLATT, map: (x: number) => 0.5 * x - 1 },
    { name: 'isotonic', calibrators: ISOTONIC, map: isotonicByHand },
  ])('gives the probabilities computed in float64: $name', async ({ calibrators, map }) => {
    const weights = { parameters, tables: {} };
    const traced = traceScores(model, inputs, weights, { of: 'edges', calibrators });
    const session = await Session.open(onnxBytes(traced), { threads: 1 });
    const column = (i: 0 | 1) => ({ data: Float32Array.from(pairs, (pair) => pair[i]), shape: [pairs.length] });
    const scores = await session.run({ a: column(0), b: column(1) });
    for (const [row, [a, b]] of pairs.entries()) {
      const [pctr, pcvr] = [sigmoid(map(a)), sigmoid(b)];
      for (const [name, expected] of Object.entries({ pctr, pcvr, pctcvr: pctr * pcvr })) {
        if (expected < 1e-37) continue;
        expect(Math.abs((scores[name]?.[row] as number) / expected - 1), `${name} at ${a}, ${b}`).toBeLessThan(1e-5);
      }
    }
    await session.release();
  });
});

function isotonicByHand(x: number): number {
  if (x <= -3) return x - 1;
  if (x <= -1) return -4 + 1.5 * (x + 3);
  return x <= 2 ? -1 + 0.5 * (x + 1) : x - 1.5;
}

function sigmoid(x: number): number {
  return x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
}
