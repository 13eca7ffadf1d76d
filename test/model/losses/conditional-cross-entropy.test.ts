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

describe('the conditional losses', () => {
  it('are of the click over all rows, and of the conversion over clicked rows of known labels', () => {
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

describe('the rows of the conditional losses', () => {
  it('are all rows for a first stage', () => {
    expect(conditionalRows({ graph: stageGraph(chainOfTwo) })).toEqual({});
  });

  it('are the clicked rows for what follows a click', () => {
    expect(conditionalRows({ graph: stageGraph(chainOfThree) })).toEqual({ conversion: 'click' });
  });

  it('are the clicked rows for each of the ways that meet again after a click', () => {
    const rows = conditionalRows({ graph: stageGraph(esm2) });
    expect(new Set(Object.values(rows))).toEqual(new Set(['click']));
    expect(Object.keys(rows)).toEqual(['action', 'buy_after_action', 'buy_after_other']);
  });

  it('are all rows for a tower that takes part in losses over different rows', () => {
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
    // The tower of pay learns from rows with a cart by its own label, and from all clicked rows by that of buy.
    expect(conditionalRows({ graph }).pay).toBeUndefined();
    expect(conditionalRows({ graph }).cart).toBe('click');
  });
});
