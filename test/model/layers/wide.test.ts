import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { wideTerms } from '../../../lib/model/layers/wide.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfTwo, stage } from '../funnels.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('wide features', () => {
  it('add the columns of each part of the input to a logit, those of shared rows to each row', () => {
    const terms = wideTerms(stageGraph(chainOfTwo), { click: 2 });
    const parts = [
      { values: tf.tensor2d([[10], [20]]), columns: [{ start: 0, count: 1 }], rows: tf.tensor1d([0, 1, 1], 'int32') },
      { values: tf.tensor2d([[1], [2], [3]]), columns: [{ start: 1, count: 1 }] },
    ];
    expect([...(terms.apply({ 'click.wide': parts }, {}).click as tf.Tensor).dataSync()]).toEqual([11, 22, 23]);
  });

  it('add to each logit of a tower the columns that are its own', () => {
    const stages = ['buy', 'rent'].map((name) => stage(name, 'impression', { exclusive: 'deal' }));
    const graph = stageGraph({ root: 'impression', stages, roles: null });
    const input = [{ values: tf.tensor2d([[1, 2, 30, 40]]), columns: [{ start: 0, count: 4 }] }];
    const { buy_or_rent: term } = wideTerms(graph, { buy_or_rent: 4 }).apply({ 'buy_or_rent.wide': input }, {});
    expect([...(term as tf.Tensor).dataSync()]).toEqual([31, 42]);
  });
});
