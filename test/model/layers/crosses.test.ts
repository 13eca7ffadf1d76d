import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { crosses } from '../../../lib/model/layers/crosses.ts';
import type { TowerInput } from '../../../lib/model/network.ts';
import { startWeights, values } from './weights.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('cross layers', () => {
  it.each([{ rank: null }, { rank: 2 }])('with weights of 0 are the identity, rank $rank', ({ rank }) => {
    const layer = crosses({ name: 'cross', inputs: 5, count: 3, rank });
    const x = values([4, 5], 1);
    expect(
      layer
        .apply(
          x,
          startWeights(layer.parameters, () => 0),
        )
        .dataSync(),
    ).toEqual(x.dataSync());
  });

  it('multiply columns with each other', () => {
    const layer = crosses({ name: 'cross', inputs: 2, count: 1 });
    const weights = { 'cross.0.weight': tf.tensor2d([0, 0, 1, 0], [2, 2]), 'cross.0.bias': tf.tensor1d([0, 10]) };
    // Column 0 is x0 (x1) + x0, column 1 is x1 (10) + x1.
    expect([...layer.apply(tf.tensor2d([[3, 4]]), weights).dataSync()]).toEqual([15, 44]);
  });

  it.each([{ rank: null }, { rank: 2 }])(
    'read parts of the input in the order of their columns, rank $rank',
    ({ rank }) => {
      const layer = crosses({ name: 'cross', inputs: 5, count: 2, rank });
      const weights = startWeights(layer.parameters, Math.sin);
      const rows = tf.tensor1d([0, 0, 1], 'int32');
      const [user, item] = [values([2, 3], 1), values([3, 2], 2)];
      const parts: TowerInput = [
        {
          values: user,
          columns: [
            { start: 0, count: 1 },
            { start: 3, count: 2 },
          ],
          rows,
        },
        { values: item, columns: [{ start: 1, count: 2 }] },
      ];
      const [first, last] = tf.split(tf.gather(user, rows), [1, 2], 1) as [tf.Tensor2D, tf.Tensor2D];
      const whole = layer.apply(tf.concat([first, item, last], 1), weights).dataSync();
      layer
        .apply(parts, weights)
        .dataSync()
        .forEach((value, i) => {
          expect(value).toBeCloseTo(whole[i] as number, 5);
        });
    },
  );
});
