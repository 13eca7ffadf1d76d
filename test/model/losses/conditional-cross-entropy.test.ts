import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { conditionalLosses, conditionalRows } from '../../../lib/model/losses/conditional-cross-entropy.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, esm2, stage } from '../funnels.ts';

const column = (...values: number[]) => tf.tensor2d(values, [values.length, 1]);
const softplus = (x: number) => Math.log(1 + Math.exp(x));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('conditionalLosses', () => {
  it('takes the click loss over all rows, and the conversion loss over clicked rows with known labels', () => {
    const losses = conditionalLosses({ graph: stageGraph(chainOfThree) })(
      { click: column(0.5, -1, 2, 0.25), conversion: column(-0.5, 1, 0.75, 3) },
      {
        labels: { click: column(1, 0, 1, 1), conversion: column(1, 0, 0, 0) },
        weights: { click: column(0.25, 0.25, 0.25, 0.25), conversion: column(0.25, 0.25, 0.25, 0) },
      },
    );
    const [click, conversion] = losses.map(({ value }) => value.dataSync()[0]);
    expect(losses.map(({ name, weight }) => [name, weight])).toEqual([
      ['click', 1],
      ['conversion', 1],
    ]);
    expect(click).toBeCloseTo((softplus(-0.5) + softplus(-1) + softplus(-2) + softplus(-0.25)) / 4, 6);
    expect(conversion).toBeCloseTo((softplus(0.5) + softplus(0.75)) / 4, 6);
  });
});

describe('conditionalRows', () => {
  it('trains the tower of a first stage on all rows', () => {
    expect(conditionalRows({ graph: stageGraph(chainOfTwo) })).toEqual({});
  });

  it('trains the tower after a click on clicked rows', () => {
    expect(conditionalRows({ graph: stageGraph(chainOfThree) })).toEqual({ conversion: 'click' });
  });

  it('trains the towers of paths that meet again after a click on clicked rows', () => {
    const rows = conditionalRows({ graph: stageGraph(esm2) });
    expect(new Set(Object.values(rows))).toEqual(new Set(['click']));
    expect(Object.keys(rows)).toEqual(['action', 'buy_after_action', 'buy_after_other']);
  });

  it('trains a tower that takes part in losses over different rows on all rows', () => {
    const graph = stageGraph({
      root: 'impression',
      stages: [
        stage('click', 'impression'),
        stage('cart', 'click'),
        stage('other', 'click', { complementOf: 'cart' }),
        stage('pay', 'cart'),
        stage('buy', ['pay', 'other']),
      ],
      roles: null,
    });
    // The tower of pay is in the loss of pay, over rows with a cart, and in the loss of buy, over all clicked rows.
    expect(conditionalRows({ graph }).pay).toBeUndefined();
    expect(conditionalRows({ graph }).cart).toBe('click');
  });
});
