/** The functions that are traced: a training step (losses and gradients), its losses alone, and the forward pass. */
import * as tf from '@tensorflow/tfjs-core';
import './gradients/kernel-gradients.ts';
import { embedRows, towerInputs } from './embeddings.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';
import type { Model } from './model.ts';
import type { LabelledBatch, Loss, Tensors } from './network.ts';
import { presentRows } from './sequences.ts';
import type { EmbeddedRows, SharedRows } from './tower-input.ts';

/**
 * The inputs of a training step besides the parameters. The embedded matrix is [batch, model.embeddings.width], unless
 * rows of an entity are shared.
 */
export interface StepBatch extends LabelledBatch, EmbeddedRows {
  /** The entity whose inputs are given once for rows that share them; left out where every row has its own. */
  readonly shared?: SharedRows;
  /** Dropout masks [batch, units], by the name of their spec; left out where nothing is dropped. */
  readonly masks?: Tensors;
}

/** Returns the network's losses of a batch, and the probabilities [batch] of its outputs. */
export function evaluationFunction(
  model: Model,
  parameters: Tensors,
  batch: StepBatch,
): { readonly losses: readonly Loss[]; readonly probabilities: Tensors } {
  const inputs = towerInputs(model, parameters, batch, batch.shared);
  const forward = model.network.forward(inputs, parameters, batch.masks);
  return { losses: model.network.losses(forward, batch), probabilities: model.network.outputs(forward) };
}

/** Returns the network's losses of a batch. */
export function lossFunction(model: Model, parameters: Tensors, batch: StepBatch): readonly Loss[] {
  const inputs = towerInputs(model, parameters, batch, batch.shared);
  return model.network.losses(model.network.forward(inputs, parameters, batch.masks), batch);
}

/** The total loss, its terms, and its gradients by every parameter and by the embedded matrices. */
export interface StepResult {
  readonly loss: tf.Tensor;
  readonly losses: readonly Loss[];
  readonly gradients: Tensors;
  readonly embeddedGradient: tf.Tensor | null;
  /** The gradient by the embedded matrix of the shared rows, [distinct, columns]. */
  readonly sharedGradient: tf.Tensor | null;
}

/** Returns the losses of a batch and the gradients of the total, which is the weighted sum of the network's losses. */
export function stepFunction(model: Model, parameters: Tensors, batch: StepBatch): StepResult {
  const names = model.network.parameters.map(({ name }) => name);
  const { embedded, shared } = batch;
  const matrices = [embedded, shared?.embedded ?? null].filter((matrix) => matrix !== null);
  let losses: readonly Loss[] = [];
  const total = (...values: tf.Tensor[]): tf.Scalar => {
    const current = Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor]));
    const ofMatrix = new Map(matrices.map((matrix, i) => [matrix, values[names.length + i] as tf.Tensor]));
    const variableOf = (matrix: tf.Tensor | null) => (matrix && ofMatrix.get(matrix)) ?? null;
    losses = lossFunction(model, current, {
      ...batch,
      embedded: variableOf(embedded),
      ...(shared && { shared: { ...shared, embedded: variableOf(shared.embedded) } }),
    });
    // The losses outlive the function that is differentiated; TF.js would dispose of them with its intermediate values.
    for (const { value } of losses) tf.keep(value);
    return losses.map(({ value, weight }) => tf.mul(value, weight)).reduce((a, b) => tf.add(a, b)) as tf.Scalar;
  };
  const variables = names.map((name) => parameters[name] as tf.Tensor);
  const { value, grads } = tf.valueAndGrads(total)([...variables, ...matrices]);
  const gradientOf = (matrix: tf.Tensor | null) =>
    matrix === null ? null : (grads[names.length + matrices.indexOf(matrix)] as tf.Tensor);
  return {
    loss: value,
    losses,
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor])),
    embeddedGradient: gradientOf(embedded),
    sharedGradient: gradientOf(shared?.embedded ?? null),
  };
}

/**
 * Returns the network's forward pass for encoded rows, with their embeddings gathered from the model's tables.
 * `encoded` has a tensor for each input of the scoring graph.
 */
export function forwardFunction(model: Model, parameters: Tensors, tables: Tensors, encoded: EncodedTensors): Tensors {
  const embedded = embedRows(model, tables, encoded);
  const rows = { embedded, numbers: encoded, present: presentRows(model.layout, encoded) };
  return model.network.forward(towerInputs(model, parameters, rows), parameters);
}
