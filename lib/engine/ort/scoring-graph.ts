/** Traces the scoring graph: encoded ids and untransformed numbers in, named probabilities out. */
import * as tf from '@tensorflow/tfjs-core';
import type { Graph } from '../../graph/graph.ts';
import { trace } from '../../graph/trace.ts';
import type { ModelCalibration } from '../../model/calibrators.ts';
import { forwardFunction } from '../../model/functions.ts';
import { inputKind } from '../../model/kinds/index.ts';
import type { Model } from '../../model/model.ts';
import type { Tensors } from '../../model/network.ts';
import { edgeLogits, modelOutputs, stageReach } from '../../model/outputs.ts';
import type { InputSpec } from '../../table/encoded.ts';
import type { Weights } from '../engine.ts';

/** Traces the scoring graph of a model, with its weights and its calibration, if any, stored in the graph. */
export function traceScores(
  model: Model,
  inputs: readonly InputSpec[],
  weights: Weights,
  calibration: ModelCalibration | null = null,
): Graph {
  return traceForward(model, inputs, weights, (forward) => modelOutputs(model, forward, calibration));
}

/**
 * Traces the forward pass up to the uncalibrated logits [batch]: those of the towers, named `edge.<tower>`, and those of
 * reaching the stages from the root, named `reach.<stage>`. The network may lack some of them.
 */
export function traceLogits(model: Model, inputs: readonly InputSpec[], weights: Weights): Graph {
  return traceForward(model, inputs, weights, (forward) => ({
    ...flat(EDGE_LOGIT, edgeLogits(model.graph, model.network, forward)),
    ...flat(REACH_LOGIT, stageReach(model.graph, model.network, forward) ?? {}),
  }));
}

/** How the names of a logits graph's outputs begin. */
export const EDGE_LOGIT = 'edge.';
export const REACH_LOGIT = 'reach.';

function flat(prefix: string, tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tf.reshape(tensor, [-1])]),
  );
}

function traceForward(
  model: Model,
  inputs: readonly InputSpec[],
  weights: Weights,
  outputs: (forward: Tensors) => Tensors,
): Graph {
  const { tables } = model.embeddings;
  const parameters = model.network.parameters.map(({ name, shape }) => ({
    name,
    shape,
    values: weights.parameters[name] as Float32Array,
  }));
  const embeddings = tables.map(({ name, rows, dimension }) => ({
    name: embeddingName(name),
    shape: [rows, dimension],
    values: weights.tables[name] as Float32Array,
  }));
  return trace(
    (encoded, constants) => {
      const tableOf = Object.fromEntries(tables.map(({ name }) => [name, constants[embeddingName(name)] as tf.Tensor]));
      return outputs(forwardFunction(model, constants, tableOf, encoded));
    },
    inputs.flatMap((input) => inputKind(input).graphInputs(input)),
    [...parameters, ...embeddings],
  );
}

/** Returns the name of an embedding table's initializer in the scoring graph. */
export const embeddingName = (table: string) => `embedding.${table}`;
