import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { towers } from '../../../lib/model/layers/tower.ts';
import type { NetworkShape, ParameterSpec, Tensors } from '../../../lib/model/network.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, stage } from '../funnels.ts';
import { startWeights, values } from './weights.ts';

const WIDTH = 5;
const X = values([6, WIDTH], 1);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Returns the shape of towers, by default those of click and conversion. */
function shapeOf(rest: Partial<NetworkShape>, funnel = chainOfThree): NetworkShape {
  return { graph: stageGraph(funnel), width: WIDTH, hiddenUnits: [4, 3], ...rest };
}

function logits(shape: NetworkShape, weights: Tensors): Record<string, number[]> {
  const { forward } = towers(shape);
  const input = [{ values: X, columns: [{ start: 0, count: WIDTH }] }];
  const inputs = Object.fromEntries(shape.graph.towers.map(({ name }) => [name, input]));
  return Object.fromEntries(
    Object.entries(forward(inputs, weights)).map(([name, value]) => [name, [...value.dataSync()]]),
  );
}

const specsOf = (shape: NetworkShape): readonly ParameterSpec[] => towers(shape).parameters;

describe('MMoE', () => {
  it('with one expert is the MLP on it', () => {
    const mmoe = shapeOf({ experts: { shared: 1, own: 0, units: [7], levels: 1 } });
    const mlp = shapeOf({ hiddenUnits: [7, 4, 3] });
    const weights = startWeights(specsOf(mmoe), Math.sin);
    expect(specsOf(mmoe).some(({ name }) => name.includes('gate'))).toBe(false);
    // The first layer of both MLPs is the expert.
    const renamed = Object.fromEntries(
      specsOf(mlp).map(({ name }) => {
        const [tower, layer, kind] = name.split('.');
        return [name, weights[layer === '0' ? `level0.shared0.0.${kind}` : `${tower}.${Number(layer) - 1}.${kind}`]];
      }),
    ) as Tensors;
    expect(logits(mmoe, weights)).toEqual(logits(mlp, renamed));
  });

  it('weighs experts by the softmax of a gate, which starts at no expert in particular', () => {
    const mmoe = shapeOf({ experts: { shared: 2, own: 0, units: [4], levels: 1 }, hiddenUnits: [2] });
    const weights = startWeights(specsOf(mmoe), Math.sin);
    const scale = (by: number) => ({
      ...weights,
      'click.level0.gate.weight': tf.tensor2d(
        Array.from({ length: 2 * WIDTH }, (_, i) => (i % 2) * by),
        [WIDTH, 2],
      ),
    });
    // A gate far on the side of one expert gives that expert alone, where its columns add up to a positive number.
    const [far, one] = [logits(mmoe, scale(1e4)), logits(mmoe, { ...scale(0), ...only(weights, 1) })];
    const sums = [...tf.sum(X, 1).dataSync()];
    sums.forEach((sum, row) => {
      const expected = logits(mmoe, { ...scale(0), ...only(weights, sum > 0 ? 1 : 0) }).click?.[row];
      expect(far.click?.[row]).toBeCloseTo(expected as number, 4);
    });
    expect(one.click).not.toEqual(far.click);
  });
});

/** Gives both experts the weights of one of them. */
function only(weights: Tensors, expert: number): Tensors {
  return Object.fromEntries(
    [0, 1].flatMap((i) =>
      ['weight', 'bias'].map((kind) => [`level0.shared${i}.0.${kind}`, weights[`level0.shared${expert}.0.${kind}`]]),
    ),
  ) as Tensors;
}

describe('PLE', () => {
  it('without shared experts is a network of its own for each tower', () => {
    const choice = { shared: 0, own: 2, units: [4], levels: 2 };
    const together = shapeOf({ experts: choice });
    const weights = startWeights(specsOf(together), Math.sin);
    const both = logits(together, weights);
    for (const name of ['click', 'conversion']) {
      const alone = shapeOf({ experts: choice }, { ...chainOfTwo, stages: [stage(name, 'impression')] });
      expect(specsOf(alone).every((spec) => spec.name.startsWith(`${name}.`))).toBe(true);
      expect(logits(alone, weights)).toEqual({ [name]: both[name] });
    }
  });

  it('of one level without own experts is MMoE', () => {
    const choice = { shared: 3, own: 0, units: [4], levels: 1 };
    expect(specsOf(shapeOf({ experts: choice })).map(({ name }) => name.replace(/\.(weight|bias)$/, ''))).toEqual(
      expect.arrayContaining(['level0.shared2.0', 'click.level0.gate', 'conversion.level0.gate']),
    );
  });
});

it('refuses experts that are shared by towers without shared embeddings', () => {
  const shape = shapeOf({ experts: { shared: 2, own: 0, units: [4], levels: 1 } });
  expect(() => towers(shape, { tables: 'by-tower' })).toThrow(
    'experts: got towers with embedding tables of their own, expected shared ones',
  );
});
