import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import { trace } from '../../lib/graph/trace.ts';
import '../../lib/model/gradients.js';

type Op = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** Functions of x, [batch, 6], and y, [6]. The inputs below stay away from points without a derivative. */
const operators: { name: string; op: Op; differentiable?: false }[] = [
  { name: 'add, broadcast', op: (x, y) => tf.add(x, y) },
  { name: 'sub, scalar first', op: (x) => tf.sub(1, x) },
  { name: 'mul', op: (x, y) => tf.mul(tf.mul(x, y), x) },
  { name: 'div', op: (x, y) => tf.div(y, tf.add(tf.square(x), 1)) },
  { name: 'maximum, broadcast', op: (x, y) => tf.maximum(x, y), differentiable: false },
  { name: 'maximum', op: (x) => tf.maximum(x, tf.square(x)) },
  { name: 'minimum, broadcast', op: (x, y) => tf.minimum(x, y), differentiable: false },
  { name: 'minimum', op: (x) => tf.minimum(x, tf.square(x)) },
  { name: 'pow', op: (x, y) => tf.pow(tf.add(tf.abs(x), 1), y) },
  { name: 'squaredDifference', op: (x) => tf.squaredDifference(x, tf.exp(x)) },
  { name: 'abs', op: (x) => tf.abs(x) },
  { name: 'ceil and floor', op: (x) => tf.add(tf.ceil(x), tf.floor(x)), differentiable: false },
  { name: 'exp', op: (x) => tf.exp(x) },
  { name: 'log', op: (x) => tf.log(tf.add(tf.abs(x), 1)) },
  { name: 'neg', op: (x) => tf.neg(x) },
  { name: 'reciprocal', op: (x) => tf.reciprocal(tf.add(tf.abs(x), 1)) },
  { name: 'relu', op: (x) => tf.relu(x) },
  { name: 'elu', op: (x) => tf.elu(x), differentiable: false },
  { name: 'leakyRelu', op: (x) => tf.leakyRelu(x, 0.25) },
  { name: 'sign', op: (x) => tf.sign(x), differentiable: false },
  { name: 'step', op: (x) => tf.step(x, 0.5), differentiable: false },
  { name: 'step from 0', op: (x) => tf.step(x), differentiable: false },
  { name: 'softplus', op: (x) => tf.softplus(x) },
  { name: 'sigmoid', op: (x) => tf.sigmoid(x) },
  { name: 'sqrt and rsqrt', op: (x) => tf.mul(tf.sqrt(tf.add(tf.square(x), 1)), tf.rsqrt(tf.add(tf.square(x), 2))) },
  { name: 'tanh', op: (x) => tf.tanh(x) },
  { name: 'clipByValue', op: (x) => tf.clipByValue(x, -0.5, 0.75) },
  {
    name: 'comparisons',
    op: (x, y) => tf.cast(tf.logicalAnd(tf.greater(x, y), tf.lessEqual(x, tf.add(y, 1))), 'float32'),
    differentiable: false,
  },
  {
    name: 'more comparisons',
    op: (x, y) => tf.cast(tf.logicalOr(tf.less(x, y), tf.logicalNot(tf.greaterEqual(x, 0.5))), 'float32'),
    differentiable: false,
  },
  {
    name: 'equal and notEqual',
    op: (x) => tf.cast(tf.logicalOr(tf.equal(x, tf.neg(x)), tf.notEqual(x, x)), 'float32'),
    differentiable: false,
  },
  { name: 'where and isNaN', op: (x) => tf.where(tf.isNaN(x), tf.zerosLike(x), tf.mul(x, 2)) },
  { name: 'where of a constant', op: (x) => tf.where(tf.greater(x, 0), x, tf.onesLike(x)), differentiable: false },
  { name: 'reshape', op: (x) => tf.reshape(x, [-1, 3, 2]) },
  { name: 'reshape to one axis', op: (x) => tf.reshape(x, [-1]) },
  { name: 'expandDims and tile', op: (x) => tf.tile(tf.expandDims(x, 1), [1, 2, 1]) },
  { name: 'tile along the batch', op: (x) => tf.tile(x, [2, 1]) },
  { name: 'transpose', op: (x) => tf.transpose(x) },
  { name: 'concat', op: (x, y) => tf.concat([x, tf.mul(x, y), x], 1) },
  { name: 'stack', op: (x, y) => tf.stack([x, tf.mul(x, y)], 1) },
  { name: 'split', op: (x) => tf.add(...(tf.split(x, [2, 2, 2], 1).slice(0, 2) as [tf.Tensor, tf.Tensor])) },
  { name: 'slice', op: (x) => tf.slice(x, [0, 1], [-1, 3]) },
  {
    name: 'gather',
    op: (x) => tf.gather(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.cast(tf.greater(x, 0), 'int32')),
    differentiable: false,
  },
  { name: 'matMul', op: (x) => tf.matMul(x as tf.Tensor2D, tf.tensor2d([...Array(12).keys()], [6, 2])) },
  {
    name: 'matMul, both transposed',
    op: (x) => tf.matMul(tf.tensor2d([...Array(12).keys()], [6, 2]), x as tf.Tensor2D, true, true),
  },
  { name: 'sum, keeping the axis', op: (x) => tf.sum(x, 1, true) },
  { name: 'sum of everything', op: (x) => tf.sum(tf.square(x)) },
  { name: 'mean over the features', op: (x) => tf.mean(x, 1), differentiable: false },
  { name: 'max', op: (x) => tf.max(x, 1), differentiable: false },
  { name: 'min', op: (x) => tf.min(x, 1), differentiable: false },
  { name: 'softmax', op: (x) => tf.softmax(x as tf.Tensor2D), differentiable: false },
  { name: 'fill', op: (x) => tf.add(x, tf.fill([6], 0.5)) },
];

const BATCHES = [1, 3, 64];
const Y = Float32Array.from([0.3, -0.7, 1.1, 2, -1.3, 0.4]);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(operators)('the traced graph of $name', ({ op, differentiable = true }) => {
  it('gives the values and gradients of tfjs-cpu at any batch size', async () => {
    const outputs = (x: tf.Tensor, y: tf.Tensor): Record<string, tf.Tensor> => {
      if (!differentiable) return { value: op(x, y) };
      const [dx, dy] = tf.grads((a, b) =>
        tf.sum(tf.mul(tf.add(op(a as tf.Tensor, b as tf.Tensor), tf.sum(tf.mul(b as tf.Tensor, 0))), 3)),
      )([x, y]);
      return { value: op(x, y), dx: dx as tf.Tensor, dy: dy as tf.Tensor };
    };
    const graph = trace(
      ({ x, y }) => outputs(x as tf.Tensor, y as tf.Tensor),
      [
        { name: 'x', shape: ['batch', 6], type: 'float32' },
        { name: 'y', shape: [6], type: 'float32' },
      ],
    );
    const session = await Session.open(onnxBytes(graph), { threads: 1 });
    for (const batch of BATCHES) {
      const data = Float32Array.from({ length: batch * 6 }, (_, i) => Math.sin(i * 1.7 + 0.3) * 2);
      const given = { x: { data, shape: [batch, 6] }, y: { data: Y, shape: [6] } };
      const isUsed = (name: string) => graph.inputs.some((input) => input.name === name);
      const got = await session.run(Object.fromEntries(Object.entries(given).filter(([name]) => isUsed(name))));
      const expected = outputs(tf.tensor2d(data, [batch, 6]), tf.tensor1d(Y));
      for (const [name, tensor] of Object.entries(expected))
        expectClose(got[name] as Float32Array, tensor.dataSync() as Float32Array, `${name} at ${batch} rows`);
    }
    await session.release();
  });
});

describe('the traced graph of a gather of shared rows', () => {
  const outputs = (x: tf.Tensor, shared: tf.Tensor, rows: tf.Tensor): Record<string, tf.Tensor> => {
    const op = (a: tf.Tensor, b: tf.Tensor) => tf.mul(a, tf.gather(tf.square(b), rows as tf.Tensor1D));
    const [dx, dShared] = tf.grads((a, b) => tf.sum(tf.exp(op(a as tf.Tensor, b as tf.Tensor))))([x, shared]);
    return { value: op(x, shared), dx: dx as tf.Tensor, dShared: dShared as tf.Tensor };
  };

  it.each([
    { batch: 1, distinct: 1 },
    { batch: 6, distinct: 6 },
    { batch: 64, distinct: 5 },
  ])('gives the values and gradients of tfjs-cpu for $batch rows that share $distinct', async ({ batch, distinct }) => {
    const graph = trace(
      ({ x, shared, rows }) => outputs(x as tf.Tensor, shared as tf.Tensor, rows as tf.Tensor),
      [
        { name: 'x', shape: ['batch', 6], type: 'float32' },
        { name: 'shared', shape: ['distinct', 6], type: 'float32' },
        { name: 'rows', shape: ['batch'], type: 'int64' },
      ],
    );
    const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + 0.3));
    const rows = Array.from({ length: batch }, (_, i) => Math.floor((i * distinct) / batch));
    const session = await Session.open(onnxBytes(graph), { threads: 1 });
    const got = await session.run({
      x: { data: floats(batch * 6), shape: [batch, 6] },
      shared: { data: floats(distinct * 6), shape: [distinct, 6] },
      rows: { data: BigInt64Array.from(rows, BigInt), shape: [batch] },
    });
    await session.release();
    const expected = outputs(
      tf.tensor2d(floats(batch * 6), [batch, 6]),
      tf.tensor2d(floats(distinct * 6), [distinct, 6]),
      tf.tensor1d(rows, 'int32'),
    );
    for (const [name, tensor] of Object.entries(expected))
      expectClose(got[name] as Float32Array, tensor.dataSync() as Float32Array, name);
  });
});

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(got.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [got[i] as number, expected[i] as number];
    expect(Math.abs(a - b), `${what}, element ${i}: got ${a}, expected ${b}`).toBeLessThanOrEqual(
      2e-6 + 2e-6 * Math.abs(b),
    );
  }
}
