import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it, onTestFinished } from 'vitest';
import { Session } from '../../../lib/engine/ort/session.ts';
import { writeOnnx } from '../../../lib/graph/onnx-file.ts';
import { trace } from '../../../lib/graph/trace.ts';

it('runs again on what its arrays have then, and writes to the same arrays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const graph = trace(
    ({ a, b }) => ({ sum: tf.add(a as tf.Tensor, b as tf.Tensor), product: tf.mul(a as tf.Tensor, b as tf.Tensor) }),
    ['a', 'b'].map((name) => ({ name, shape: ['batch'], type: 'float32' as const })),
    [],
  );
  await writeOnnx(graph, join(folder, 'model.onnx'));
  const session = await Session.open(join(folder, 'model.onnx'), { threads: 1 });
  onTestFinished(() => session.release());
  const [a, b, sum, product] = [Float32Array.of(1, 2), Float32Array.of(3, 5), new Float32Array(2), new Float32Array(2)];
  const tensor = (data: Float32Array) => ({ data, shape: [2] });
  const run = session.prepare({ a: tensor(a), b: tensor(b) }, { sum: tensor(sum), product: tensor(product) });
  await run();
  expect([...sum, ...product]).toEqual([4, 7, 3, 10]);
  a.set([-1, 0.5]);
  await run();
  expect([...sum, ...product]).toEqual([2, 5.5, -3, 2.5]);
});
