/** A training step of the small model on tfjs-cpu, run without tracing: the reference for the engines. */
import * as tf from '@tensorflow/tfjs-core';
import type { Batch, Weights } from '../../lib/engine/engine.ts';
import { embedRows } from '../../lib/model/embeddings.ts';
import { stepFunction } from '../../lib/model/functions.ts';
import type { Model } from '../../lib/model/model.ts';
import type { EncodedChunk } from '../../lib/table/encoded.ts';
import { smallBatch, someWeights } from './small-batch.ts';
import { MODELS, smallChunk } from './small-model.ts';

/** What a step computes. */
export interface EagerStep {
  /** The gathered rows, [rows, embeddedWidth]. */
  readonly embedded: Float32Array;
  /** Gradient of the total loss by the gathered rows. */
  readonly embeddedGradient: Float32Array;
  readonly losses: Readonly<Record<string, number>>;
  /** Gradients of the total loss by each parameter and each table. */
  readonly gradients: Weights;
}

/**
 * Computes the losses and gradients of a step.
 * @param chunk the batch's rows in the form of the scoring graph: bags with weights, numbers instead of quantiles' ids
 */
export function eagerStep(
  model: Model,
  weights: Weights,
  batch: Batch,
  chunk: EncodedChunk,
  masks?: Readonly<Record<string, Float32Array>>,
): EagerStep {
  return tf.tidy(() => {
    const { rows } = batch;
    const matrices = (values: Readonly<Record<string, Float32Array>>) =>
      mapValues(values, (data) => tf.tensor2d(data, [rows, data.length / rows]));
    const numbersOf = (values: Float32Array) =>
      values.length === rows ? tf.tensor1d(values) : tf.tensor2d(values, [rows, values.length / rows]);
    const encoded = {
      ...mapValues(chunk.ids, (values) => {
        const ids = tf.tensor1d(Int32Array.from(values, Number), 'int32');
        return values.length === rows ? ids : tf.reshape(ids, [rows, -1]);
      }),
      ...Object.fromEntries(Object.entries(matrices(chunk.weights)).map(([name, data]) => [`${name}_weights`, data])),
      ...mapValues(chunk.numbers, numbersOf),
    };
    const { tables: specs } = model.embeddings;
    const tables = specs.map(({ name, rows: length, dimension }) =>
      tf.tensor2d(weights.tables[name] as Float32Array, [length, dimension]),
    );
    const embedTables = (...values: tf.Tensor[]) =>
      embedRows(model, Object.fromEntries(specs.map(({ name }, i) => [name, values[i] as tf.Tensor])), encoded);
    const embedded = embedTables(...tables) as tf.Tensor;
    const parameters = Object.fromEntries(
      model.network.parameters.map(({ name, shape }) => [
        name,
        tf.tensor(weights.parameters[name] as Float32Array, [...shape]),
      ]),
    );
    const { losses, gradients, embeddedGradient } = stepFunction(model, parameters, {
      embedded,
      numbers: mapValues(batch.numbers, numbersOf),
      present: matrices(batch.coefficients),
      labels: matrices(batch.labels),
      weights: matrices(batch.weights),
      ...(masks && { masks: matrices(masks) }),
    });
    const byTable = tf.grads((...values) =>
      tf.sum(tf.mul(embedTables(...values) as tf.Tensor, embeddedGradient as tf.Tensor)),
    )(tables);
    return {
      embedded: floats(embedded),
      embeddedGradient: floats(embeddedGradient as tf.Tensor),
      losses: Object.fromEntries(losses.map(({ name, value }) => [name, floats(value)[0] as number])),
      gradients: {
        parameters: mapValues(gradients, floats),
        tables: Object.fromEntries(specs.map(({ name }, i) => [name, floats(byTable[i] as tf.Tensor)])),
      },
    };
  });
}

const firstSteps = new Map<string, EagerStep>();

/** Returns the step from `someWeights` on the first rows. It is computed once, because 4,096 rows take a second. */
export function firstStep(model: Model, rows: number): EagerStep {
  const key = `${MODELS.findIndex((entry) => entry.model === model)}/${rows}`;
  const step = firstSteps.get(key) ?? eagerStep(model, someWeights(model), smallBatch(model, rows), smallChunk(rows));
  firstSteps.set(key, step);
  return step;
}

function floats(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync() as Float32Array;
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, of: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value)]));
}
