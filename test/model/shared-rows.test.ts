import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type StepBatch, type StepResult, stepFunction } from '../../lib/model/functions.ts';
import { type Model, targetsOf } from '../../lib/model/model.ts';
import { expectClose } from '../engine/expect-close.ts';
import { someWeights } from '../engine/small-batch.ts';
import { MODELS } from '../engine/small-model.ts';

/** The shared row of each row of the batch. */
const ROWS = [0, 0, 0, 1, 2, 2, 2, 2, 3, 3];
const DISTINCT = 4;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(MODELS)('a step of $name on rows that share their users', ({ model }) => {
  it('has the losses and gradients of the step on the same rows without sharing', () => {
    const [ofUsers, ofItems] = [columnsOf(model, true), columnsOf(model, false)];
    const user = values(DISTINCT, ofUsers.length, 0.7);
    const item = values(ROWS.length, ofItems.length, 1.3);
    const rows = tf.tensor1d(ROWS, 'int32');
    const common = batchOf(model);
    const seen = tf.tensor2d([1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0], [DISTINCT, 4]);
    const shared = step(model, {
      ...common,
      embedded: item,
      present: { seen: tf.gather(seen, rows) },
      shared: { entity: 'user', embedded: user, numbers: {}, rows, present: { seen } },
    });
    const order = [...ofUsers, ...ofItems];
    const places = order.map((_, column) => order.indexOf(column));
    const all = tf.gather(tf.concat([tf.gather(user, rows), item], 1), places, 1);
    const plain = step(model, { ...common, embedded: all, present: { seen: tf.gather(seen, rows) } });

    for (const [i, { name, value }] of shared.losses.entries())
      expectClose(floats(value), floats(plain.losses[i]?.value as tf.Tensor), 1e-6, `loss ${name}`);
    for (const [name, gradient] of Object.entries(plain.gradients))
      expectClose(floats(shared.gradients[name] as tf.Tensor), floats(gradient), 1e-5, `gradient by ${name}`);
    const [ofUser, ofItem] = [ofUsers, ofItems].map((columns) =>
      tf.gather(plain.embeddedGradient as tf.Tensor2D, columns, 1),
    ) as [tf.Tensor2D, tf.Tensor2D];
    expectClose(floats(shared.embeddedGradient as tf.Tensor), floats(ofItem), 1e-5, 'gradient by the items');
    const summed = tf.unsortedSegmentSum(ofUser, rows, DISTINCT);
    expectClose(floats(shared.sharedGradient as tf.Tensor), floats(summed), 1e-5, 'gradient by the users');
    expect((shared.sharedGradient as tf.Tensor).shape).toEqual([DISTINCT, ofUsers.length]);
  });
});

/** The columns of the user's fields, or of all others, in the embedded matrix of all. */
function columnsOf(model: Model, isOfUser: boolean): number[] {
  return model.embeddings.fields
    .filter(({ input }) => (input.entity === 'user') === isOfUser)
    .flatMap(({ offset, width }) => Array.from({ length: width }, (_, i) => offset + i));
}

function step(model: Model, batch: StepBatch): StepResult {
  const { parameters } = someWeights(model);
  const tensors = model.network.parameters.map(
    ({ name, shape }) => [name, tf.tensor(parameters[name] as Float32Array, [...shape])] as const,
  );
  return stepFunction(model, Object.fromEntries(tensors), batch);
}

function batchOf(model: Model): Pick<StepBatch, 'numbers' | 'labels' | 'weights'> {
  const column = (of: (i: number) => number) =>
    tf.tensor2d(
      ROWS.map((_, i) => of(i)),
      [ROWS.length, 1],
    );
  const targets = targetsOf(model).map(({ name }, stage) => ({ name, every: 2 * (stage + 1) }));
  return {
    numbers: {
      price: tf.tensor1d(ROWS.map((_, i) => Math.cos(i))),
      score: tf.tensor1d(ROWS.map((_, i) => i / 10)),
      text: tf.tensor2d(ROWS.map((_, i) => [i, -i, 1].map((value) => value / 20))),
    },
    labels: Object.fromEntries(targets.map(({ name, every }) => [name, column((i) => Number(i % every === 0))])),
    weights: Object.fromEntries(targets.map(({ name }) => [name, column(() => 1 / ROWS.length)])),
  };
}

function values(rows: number, columns: number, step: number): tf.Tensor2D {
  return tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * step) * 0.5),
    [rows, columns],
  );
}

function floats(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync() as Float32Array;
}
