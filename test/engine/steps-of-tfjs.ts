/** The losses and gradients of an engine, compared with the same functions run without tracing on tfjs-cpu. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CreateEngine, TrainingEngine } from '../../lib/engine/engine.ts';
import { firstStep } from './eager-step.ts';
import { expectClose, expectLosses, leastGradient } from './expect-close.ts';
import { smallBatch, someWeights } from './small-batch.ts';
import { MODELS, type SmallVariant } from './small-model.ts';

/** With so large a step, the difference of the weights holds nearly all digits of the gradient. */
const LEARNING_RATE = 1024;

/** Defines tests of the first step of every model, or of some, on batches of each of the given numbers of rows. */
export function describeStepsOfTfjs(
  name: string,
  createEngine: CreateEngine,
  sizes: readonly number[],
  variants: readonly SmallVariant[] = MODELS,
): void {
  describe.each(variants)(`${name}, of $name`, ({ model }) => {
    // Gradient descent has no state besides the weights: one engine makes every step from the same ones.
    let engine: TrainingEngine;
    beforeAll(async () => {
      await tf.setBackend('cpu');
      engine = await createEngine(model, {
        batchSize: Math.max(4, ...sizes),
        threads: 1,
        optimizer: { type: 'sgd', learningRate: LEARNING_RATE },
        l2Embeddings: 0,
        dropout: 0,
        seed: 3,
      });
    });
    beforeEach(() => engine.load(someWeights(model)));
    afterAll(() => engine.release());

    it('names the losses, and their weights in the total', async () => {
      const names = engine.losses.map(({ name: loss }) => loss);
      expect(names.length).toBeGreaterThan(0);
      expect(Object.keys((await engine.evaluate(smallBatch(model, 4))).losses)).toEqual(names);
      expect(Object.keys(await engine.train(smallBatch(model, 4)))).toEqual(names);
      for (const { name: loss, weight } of engine.losses) expect(weight, loss).toBe(defaultWeight(loss));
    });

    it.each(sizes)('returns the losses that tfjs-cpu computes: %i rows', async (rows) => {
      expectLosses((await engine.evaluate(smallBatch(model, rows))).losses, firstStep(model, rows).losses);
    });

    it.each(sizes)('moves the weights by the gradients that tfjs-cpu computes: %i rows', async (rows) => {
      const before = engine.weights();
      const { losses, gradients } = firstStep(model, rows);
      expectLosses(await engine.train(smallBatch(model, rows)), losses);
      const after = engine.weights();
      for (const kind of ['parameters', 'tables'] as const)
        for (const [array, expected] of Object.entries(gradients[kind])) {
          const [from, to] = [before[kind][array] as Float32Array, after[kind][array] as Float32Array];
          const step = from.map((weight, i) => (weight - (to[i] as number)) / LEARNING_RATE);
          expectClose(step, expected, 1e-5, `${array} at ${rows} rows`, leastGradient(gradients[kind]));
        }
    });
  });
}

/** The weight of a loss that is not declared, by its name: those of stages are 1. */
function defaultWeight(loss: string): number {
  if (loss.endsWith(' prior')) return 0.001;
  if (loss.endsWith(' order')) return 0.6;
  return / (by IPS|by DR|imputed|counterfactual)$/.test(loss) ? 0.1 : 1;
}
