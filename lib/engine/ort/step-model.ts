/** The graphs of training, traced from the model's functions: the step (loss and gradients) and the loss alone. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Graph } from '../../graph/graph.ts';
import { type InputSpec, trace } from '../../graph/trace.ts';
import { lossFunction, type StepBatch, stepFunction } from '../../model/functions.ts';
import type { Model } from '../../model/model.ts';
import type { Loss } from '../../model/network.ts';
import type { LossTerm } from '../engine.ts';

/** Names of the step's inputs and outputs, so that none can meet a parameter's. */
export const EMBEDDED = 'embedded';
export const EMBEDDED_GRADIENT = 'gradient/embedded';
export const labelName = (stage: string) => `label/${stage}`;
export const weightName = (stage: string) => `weight/${stage}`;
export const numberName = (input: string) => `number/${input}`;
export const maskName = (mask: string) => `mask/${mask}`;
export const parameterName = (parameter: string) => `parameter/${parameter}`;
export const gradientName = (parameter: string) => `gradient/${parameter}`;
export const lossName = (loss: string) => `loss/${loss}`;

/** A traced step, and the terms of the total whose gradients it gives. */
export interface TracedStep {
  readonly graph: Graph;
  readonly losses: readonly LossTerm[];
}

/** The network's losses, and the gradient of their weighted sum by every parameter and by the embedded matrix. */
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

/** The network's losses, nothing dropped. */
export function traceLoss(model: Model): Graph {
  return trace(
    (inputs) => lossOutputs(lossFunction(model, parametersOf(model, inputs), batchOf(model, inputs, false))),
    stepInputs(model, false),
  );
}

function lossOutputs(losses: readonly Loss[]): Record<string, tf.Tensor> {
  return Object.fromEntries(losses.map(({ name, value }) => [lossName(name), value]));
}

function stepInputs({ graph, layout, embeddings, network }: Model, hasMasks: boolean): InputSpec[] {
  const column = (name: string): InputSpec => ({ name, shape: ['batch', 1], type: 'float32' });
  return [
    ...(embeddings.width === 0
      ? []
      : [{ name: EMBEDDED, shape: ['batch', embeddings.width], type: 'float32' } as const]),
    ...layout.numbers.map(({ name }): InputSpec => ({ name: numberName(name), shape: ['batch'], type: 'float32' })),
    ...graph.labelled.flatMap(({ name }) => [column(labelName(name)), column(weightName(name))]),
    ...(hasMasks
      ? network.masks.map(
          ({ name, units }): InputSpec => ({ name: maskName(name), shape: ['batch', units], type: 'float32' }),
        )
      : []),
    ...network.parameters.map(({ name, shape }): InputSpec => ({ name: parameterName(name), shape, type: 'float32' })),
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
