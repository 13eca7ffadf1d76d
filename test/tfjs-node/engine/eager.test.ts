/** How the steps are computed: by the functions as they are written, on TensorFlow, with nothing left behind. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../lib/engine/engine.ts';
import { createTfjsNodeEngine } from '../../../lib/engine/tfjs-node/engine.ts';
import type { Model } from '../../../lib/model/model.ts';
import type { Network } from '../../../lib/model/network.ts';
import { batchesOf } from '../../engine/shared-rows.ts';
import { smallBatch, someWeights } from '../../engine/small-batch.ts';
import { smallModel } from '../../engine/small-model.ts';

const OPTIONS: EngineOptions = {
  batchSize: 64,
  threads: 2,
  optimizer: { type: 'adam', learningRate: 0.01 },
  l2Embeddings: 0,
  dropout: 0.2,
  seed: 3,
  sharedEntity: 'user',
};

/** A model whose forward pass notes its backend, and fails in the given call, from 1. */
function observedModel(failsIn?: number): { readonly model: Model; readonly backends: string[] } {
  const model = smallModel();
  const backends: string[] = [];
  const forward: Network['forward'] = (...inputs) => {
    backends.push(tf.getBackend());
    const tensors = model.network.forward(...inputs);
    if (backends.length === failsIn) throw new Error('a mistake in the model');
    return tensors;
  };
  return { model: { ...model, network: { ...model.network, forward } }, backends };
}

describe('the engine on tfjs-node', () => {
  beforeEach(async () => {
    await tf.setBackend('cpu');
  });

  it('calls the forward pass of the model in each step, on TensorFlow, and leaves the backend of others as it was', async () => {
    const { model, backends } = observedModel();
    const engine = await createTfjsNodeEngine(model, OPTIONS);
    engine.load(someWeights(model));
    backends.length = 0;
    for (let step = 0; step < 3; step++) await engine.train(smallBatch(model, 8, step));
    await engine.evaluate(smallBatch(model, 8));
    expect(backends).toEqual(['tensorflow', 'tensorflow', 'tensorflow', 'tensorflow']);
    expect(tf.getBackend()).toBe('cpu');
    await engine.release();
  });

  it('differentiates by the gradients of the model, not by those that the package brings', async () => {
    const a = tf.tensor1d([1, 2]);
    const [gradient] = tf.grads((x, y) => tf.sum(tf.maximum(x as tf.Tensor, y as tf.Tensor)))([tf.scalar(1.5), a]);
    // TF.js's own has the shape [2].
    expect(gradient?.shape).toEqual([]);
    expect([...(gradient?.dataSync() ?? [])]).toEqual([1]);
  });

  it('holds no tensor between two steps', async () => {
    const { numTensors } = tf.memory();
    const { model } = observedModel();
    const engine = await createTfjsNodeEngine(model, OPTIONS);
    engine.load(someWeights(model));
    for (let step = 0; step < 20; step++) {
      const { shared, plain } = batchesOf(model, step);
      await engine.train(step % 2 === 0 ? shared : plain);
      await engine.evaluate(plain);
      expect(tf.memory().numTensors).toBe(numTensors);
    }
    await engine.release();
  });

  it('throws what the model throws, and makes no later step', async () => {
    const { model } = observedModel(3);
    const engine = await createTfjsNodeEngine(model, OPTIONS);
    engine.load(someWeights(model));
    await engine.train(smallBatch(model, 8));
    for (let again = 0; again < 2; again++)
      await expect(engine.train(smallBatch(model, 8))).rejects.toThrow('a mistake in the model');
    expect(tf.getBackend()).toBe('cpu');
    await engine.release();
  });
});
