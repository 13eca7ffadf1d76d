/** The two functions that are traced: the training step (loss and gradients) and the scores. */
import * as tf from '@tensorflow/tfjs-core';
// Built by scripts/build.ts: TF.js leaves its gradients out until they are asked for.
import './gradients.js';
import { type EncodedTensors, embed, towerInput } from './fields.ts';
import type { Model } from './model.ts';
import { crossEntropy, probability, reachLogit, type TowerLogits } from './reach.ts';

type Tensors = Readonly<Record<string, tf.Tensor>>;

/** A batch as the step sees it. Labels and weights are [batch, 1] by stage; a weight of 0 masks an unknown label. */
export interface StepBatch {
  /** [batch, embeddedWidth]; `null` where nothing is embedded. */
  readonly embedded: tf.Tensor | null;
  readonly numbers: Tensors;
  readonly labels: Tensors;
  readonly weights: Tensors;
  readonly masks?: Tensors;
}

/**
 * Weighted sum over the batch of the cross-entropy of reaching each labelled stage from the root, by stage. The
 * weights hold the division by the batch, so that no mean fixes its size.
 */
export function stageLosses(model: Model, parameters: Tensors, batch: StepBatch): Record<string, tf.Tensor> {
  const input = towerInput(model.layout, batch.embedded, batch.numbers);
  const logits = model.network.logits(input, parameters, batch.masks);
  return Object.fromEntries(
    model.graph.labelled.map(({ name }) => {
      const reached = reachLogit(model.graph, logits, model.graph.root, name);
      const loss = crossEntropy(batch.labels[name] as tf.Tensor, reached);
      return [name, tf.sum(tf.mul(batch.weights[name] as tf.Tensor, loss))];
    }),
  );
}

/** The loss, its part of each labelled stage, and its gradient by every parameter and by the embedded matrix. */
export interface StepResult {
  readonly loss: tf.Tensor;
  readonly losses: Tensors;
  readonly gradients: Tensors;
  readonly embeddedGradient: tf.Tensor | null;
}

export function stepFunction(model: Model, parameters: Tensors, batch: StepBatch): StepResult {
  const names = model.network.parameters.map(({ name }) => name);
  let losses: Tensors = {};
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const current = Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor]));
    losses = stageLosses(model, current, { ...batch, embedded: values[names.length] ?? null });
    // The losses outlive the function that is differentiated; TF.js would dispose of them with its intermediate values.
    for (const stageLoss of Object.values(losses)) tf.keep(stageLoss);
    const weighted = model.graph.labelled.map(({ name, weight }) => tf.mul(losses[name] as tf.Tensor, weight));
    return weighted.reduce((a, b) => tf.add(a, b)) as tf.Scalar;
  };
  const variables = names.map((name) => parameters[name] as tf.Tensor);
  const { value, grads } = tf.valueAndGrads(loss)(batch.embedded === null ? variables : [...variables, batch.embedded]);
  return {
    loss: value,
    losses,
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor])),
    embeddedGradient: grads[names.length] ?? null,
  };
}

/** Every tower's logits, by name. `encoded` holds what the scoring model's inputs hold. */
export function logitFunction(
  model: Model,
  parameters: Tensors,
  tables: Tensors,
  encoded: EncodedTensors,
): TowerLogits {
  return model.network.logits(towerInput(model.layout, embed(model.layout, tables, encoded), encoded), parameters);
}

/** Every output's probability [batch], by name, of the towers' logits. */
export function scoreFunction(model: Model, logits: TowerLogits): Record<string, tf.Tensor> {
  return Object.fromEntries(
    model.graph.outputs.map(({ name, from, to }) => [
      name,
      tf.reshape(probability(reachLogit(model.graph, logits, from, to)), [-1]),
    ]),
  );
}
