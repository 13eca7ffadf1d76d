/** The losses and gradients of an engine, compared with the same functions run without tracing on tfjs-cpu. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import type { CreateEngine, TrainingEngine } from '../../lib/engine/engine.ts';
import type { OptimizerChoice } from '../../lib/engine/optimizers.ts';
import type { Model } from '../../lib/model/model.ts';
import { firstStep } from './eager-step.ts';
import { expectClose, expectLosses, leastGradient } from './expect-close.ts';
import { smallBatch, someWeights } from './small-batch.ts';
import { MODELS } from './small-model.ts';

/** Defines tests of the first step of every model, on batches of each of the given numbers of rows. */
export function describeStepsOfTfjs(name: string, createEngine: CreateEngine, sizes: readonly number[]): void {
  const cases = MODELS.flatMap((model) => sizes.map((rows) => ({ ...model, rows })));

  async function engineOf(model: Model, optimizer: OptimizerChoice): Promise<TrainingEngine> {
    const options = { batchSize: 4096, threads: 1, optimizer, l2Embeddings: 0, dropout: 0, seed: 3 };
    const engine = await createEngine(model, options);
    engine.load(someWeights(model));
    return engine;
  }

  describe(name, () => {
    beforeAll(async () => {
      await tf.setBackend('cpu');
    });

    describe('loss', () => {
      it.each(cases)('returns the losses that tfjs-cpu computes: $name, $rows rows', async ({ model, rows }) => {
        const engine = await engineOf(model, { type: 'adam', learningRate: 0.01 });
        const batch = smallBatch(model, rows);
        expectLosses((await engine.evaluate(batch)).losses, firstStep(model, rows).losses);
        await engine.release();
      });
    });

    describe('train', () => {
      it.each(cases)(
        'moves the weights by the gradients that tfjs-cpu computes: $name, $rows rows',
        async ({ model, rows }) => {
          // With so large a step, the difference of the weights holds nearly all digits of the gradient.
          const learningRate = 1024;
          const engine = await engineOf(model, { type: 'sgd', learningRate });
          const before = engine.weights();
          const batch = smallBatch(model, rows);
          const { losses, gradients } = firstStep(model, rows);
          expectLosses(await engine.train(batch), losses);
          const after = engine.weights();
          for (const kind of ['parameters', 'tables'] as const)
            for (const [name, expected] of Object.entries(gradients[kind])) {
              const [from, to] = [before[kind][name] as Float32Array, after[kind][name] as Float32Array];
              const step = from.map((weight, i) => (weight - (to[i] as number)) / learningRate);
              expectClose(step, expected, 1e-5, `${name} at ${rows} rows`, leastGradient(gradients[kind]));
            }
          await engine.release();
        },
      );
    });
  });
}
