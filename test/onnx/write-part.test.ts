import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../lib/engine/ort/session.ts';
import { writeOnnx } from '../../lib/graph/onnx-file.ts';
import { trace } from '../../lib/graph/trace.ts';
import { readOnnx } from '../../lib/onnx/read-onnx.ts';
import { onnxPart } from '../../lib/onnx/write-part.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parts-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a part of a model', () => {
  it('tells the shapes of the values that it makes, and of no other', async () => {
    const graph = trace(
      ({ x }) => {
        const pairs = tf.exp(tf.reshape(x as tf.Tensor, [-1, 2]));
        return { y: tf.neg(tf.reshape(pairs, [-1, 4])), z: tf.neg(x as tf.Tensor) };
      },
      [{ name: 'x', shape: ['batch', 4], type: 'float32' }],
    );
    await writeOnnx(graph, join(folder, 'whole.onnx'));
    const whole = readOnnx(join(folder, 'whole.onnx'));
    expect(whole.values.map(({ name }) => name)).toEqual(graph.values.map(({ name }) => name));
    const contains = (bytes: Uint8Array) =>
      whole.values.map(({ message }) => Buffer.from(bytes).includes(Buffer.from(message)));
    const [y, z] = ['y', 'z'].map((output) => onnxPart(whole, { outputs: [output] }).bytes) as [Uint8Array, Uint8Array];
    expect(contains(y)).toEqual([true, true]);
    expect(contains(z)).toEqual([false, false]);
    const session = await Session.open(y, { threads: 1 });
    const run = await session.run({ x: { data: Float32Array.of(0, 0, 0, 0), shape: [1, 4] } });
    expect(run).toEqual({ y: Float32Array.of(-1, -1, -1, -1) });
    await session.release();
  });
});
