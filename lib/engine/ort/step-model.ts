/** Traces the graphs of training from a model's functions: the step (losses and gradients), and the losses alone. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Graph } from '../../graph/graph.ts';
import { type TracedInput, trace } from '../../graph/trace.ts';
import { lossFunction, type StepBatch, stepFunction } from '../../model/functions.ts';
import type { Model } from '../../model/model.ts';
import type { Loss } from '../../model/network.ts';
import type { LossTerm } from '../engine.ts';
import {
  EMBEDDED,
  EMBEDDED_GRADIENT,
  gradientName,
  labelName,
  lossName,
  maskName,
  numberName,
  parameterName,
  weightName,
} from './step-names.ts';

/** The traced graph of a step, and the terms of the total loss whose gradients it computes. */
export interface TracedStep {
  readonly graph: Graph;
  readonly losses: readonly LossTerm[];
}

/**
 * Traces a training step: the network's losses, and the gradients of their weighted sum by every parameter and by the
 * embedded matrix. With `hasMasks`, the dropout masks are inputs; without, nothing is dropped.
 */
export function traceStep(model: Model, hasMasks: boolean): TracedStep {
  let losses: readonly Loss[] = [];
  const graph = trace(
    (inputs) => {
      const step = stepFunction(model, parametersOf(model, inputs), batchOf(model, inputs, hasMasks));
      losses = step.losses;
      return {
        ...lossOutputs(losses),
        ...rename(step.gradients, gradientName),
        ...(step.embeddedGradient === null ? {} : { [EMBEDDED_GRADIENT]: step.embeddedGradient }),
      };
    },
    stepInputs(model, hasMasks),
  );
  return { graph, losses: losses.map(({ name, weight }) => ({ name, weight })) };
}

/** Traces the network's losses, with nothing dropped. */
export function traceLoss(model: Model): Graph {
  return trace(
    (inputs) => lossOutputs(lossFunction(model, parametersOf(model, inputs), batchOf(model, inputs, false))),
    stepInputs(model, false),
  );
}

function lossOutputs(losses: readonly Loss[]): Record<string, tf.Tensor> {
  return Object.fromEntries(losses.map(({ name, value }) => [lossName(name), value]));
}

function stepInputs({ graph, layout, embeddings, network }: Model, hasMasks: boolean): TracedInput[] {
  const column = (name: string): TracedInput => ({ name, shape: ['batch', 1], type: 'float32' });
  return [
    ...(embeddings.width === 0
      ? []
      : [{ name: EMBEDDED, shape: ['batch', embeddings.width], type: 'float32' } as const]),
    ...layout.numbers.map(({ name }): TracedInput => ({ name: numberName(name), shape: ['batch'], type: 'float32' })),
    ...graph.labelled.flatMap(({ name }) => [column(labelName(name)), column(weightName(name))]),
    ...(hasMasks
      ? network.masks.map(
          ({ name, units }): TracedInput => ({ name: maskName(name), shape: ['batch', units], type: 'float32' }),
        )
      : []),
    ...network.parameters.map(
      ({ name, shape }): TracedInput => ({ name: parameterName(name), shape, type: 'float32' }),
    ),
  ];
}

function parametersOf({ network }: Model, inputs: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
  return pick(network.parameters, inputs, parameterName);
}

function batchOf(
  { graph, layout, network }: Model,
  inputs: Readonly<Record<string, tf.Tensor>>,
  hasMasks: boolean,
): StepBatch {
  return {
    embedded: inputs[EMBEDDED] ?? null,
    numbers: pick(layout.numbers, inputs, numberName),
    labels: pick(graph.labelled, inputs, labelName),
    weights: pick(graph.labelled, inputs, weightName),
    ...(hasMasks ? { masks: pick(network.masks, inputs, maskName) } : {}),
  };
}

function pick(
  specs: readonly { readonly name: string }[],
  inputs: Readonly<Record<string, tf.Tensor>>,
  nameOf: (name: string) => string,
): Record<string, tf.Tensor> {
  return Object.fromEntries(specs.map(({ name }) => [name, inputs[nameOf(name)] as tf.Tensor]));
}

function rename<T>(values: Readonly<Record<string, T>>, nameOf: (name: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [nameOf(name), value]));
}
