/**
 * The functions of training, of named inputs and outputs: the step (losses and gradients), and the losses alone. They are
 * the model's own functions; onnxruntime runs the graph that is traced from them, tfjs-node runs them.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Entity } from '../../config/declaration.ts';
import type { TracedInput } from '../../graph/trace.ts';
import { embeddedWidths } from '../../model/embeddings.ts';
import { evaluationFunction, type StepBatch, stepFunction } from '../../model/functions.ts';
import { type Model, targetsOf } from '../../model/model.ts';
import type { Loss, Tensors } from '../../model/network.ts';
import { sequencesOf } from '../../model/sequences.ts';
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
  presentName,
  probabilityName,
  SHARED,
  SHARED_GRADIENT,
  SHARED_ROWS,
  weightName,
} from './step-names.ts';

/** What a step has among its inputs. */
export interface StepInputs {
  /** Whether the dropout masks are inputs; otherwise nothing is dropped. */
  readonly hasMasks: boolean;
  /** The entity whose rows are shared; `null` if each row of the batch has its own. */
  readonly shared: Entity | null;
}

/** A function of training. */
export interface NamedFunction {
  readonly inputs: readonly TracedInput[];
  compute(inputs: Tensors): NamedOutputs;
}

/** The outputs of a function of training, and the terms of the total loss. The values of the terms are `tf.keep`t. */
export interface NamedOutputs {
  readonly outputs: Tensors;
  readonly losses: readonly LossTerm[];
}

const PLAIN: StepInputs = { hasMasks: false, shared: null };

/**
 * Returns the function of a training step: the network's losses, and the gradients of their weighted sum by every
 * parameter and by the embedded matrices.
 */
export function trainFunction(model: Model, given: StepInputs): NamedFunction {
  return {
    inputs: stepInputs(model, given),
    compute(inputs) {
      const step = stepFunction(model, parametersOf(model, inputs), batchOf(model, inputs, given));
      const outputs = {
        ...lossOutputs(step.losses),
        ...rename(step.gradients, gradientName),
        ...(step.embeddedGradient && { [EMBEDDED_GRADIENT]: step.embeddedGradient }),
        ...(step.sharedGradient && { [SHARED_GRADIENT]: step.sharedGradient }),
      };
      return { outputs, losses: termsOf(step.losses) };
    },
  };
}

/** Returns the function of the network's losses and of the probabilities of the graph's outputs, with nothing dropped. */
export function lossesFunction(model: Model): NamedFunction {
  return {
    inputs: stepInputs(model, PLAIN),
    compute(inputs) {
      const { losses, probabilities } = evaluationFunction(
        model,
        parametersOf(model, inputs),
        batchOf(model, inputs, PLAIN),
      );
      const outputs = { ...lossOutputs(losses), ...pickOutputs(model, probabilities) };
      return { outputs, losses: termsOf(losses) };
    },
  };
}

function pickOutputs({ graph }: Model, probabilities: Tensors): Record<string, tf.Tensor> {
  return Object.fromEntries(graph.outputs.map(({ name }) => [probabilityName(name), probabilities[name] as tf.Tensor]));
}

function termsOf(losses: readonly Loss[]): LossTerm[] {
  return losses.map(({ name, weight }) => ({ name, weight }));
}

function lossOutputs(losses: readonly Loss[]): Record<string, tf.Tensor> {
  return Object.fromEntries(losses.map(({ name, value }) => [lossName(name), value]));
}

function stepInputs(model: Model, { hasMasks, shared }: StepInputs): TracedInput[] {
  const { layout, network } = model;
  const column = (name: string): TracedInput => ({ name, shape: ['batch', 1], type: 'float32' });
  const matrix = (name: string, rows: 'batch' | 'distinct', width: number): TracedInput[] =>
    width === 0 ? [] : [{ name, shape: [rows, width], type: 'float32' }];
  const widths = embeddedWidths(model, shared);
  return [
    ...matrix(EMBEDDED, 'batch', widths.rows),
    ...matrix(SHARED, 'distinct', widths.shared),
    ...(shared === null ? [] : [{ name: SHARED_ROWS, shape: ['batch'], type: 'int64' } as const]),
    ...layout.numbers.map((input): TracedInput => {
      const rows = input.entity === shared ? 'distinct' : 'batch';
      const shape = input.kind === 'vector' ? ([rows, input.length] as const) : ([rows] as const);
      return { name: numberName(input.name), shape, type: 'float32' };
    }),
    ...sequencesOf(layout).map(({ name, entity, length }): TracedInput => {
      return { name: presentName(name), shape: [entity === shared ? 'distinct' : 'batch', length], type: 'float32' };
    }),
    ...targetsOf(model).flatMap(({ name }) => [column(labelName(name)), column(weightName(name))]),
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
  model: Model,
  inputs: Readonly<Record<string, tf.Tensor>>,
  { hasMasks, shared }: StepInputs,
): StepBatch {
  const { layout, network } = model;
  const targets = targetsOf(model);
  const rows = {
    numbers: pick(layout.numbers, inputs, numberName),
    present: pick(sequencesOf(layout), inputs, presentName),
  };
  return {
    embedded: inputs[EMBEDDED] ?? null,
    ...rows,
    labels: pick(targets, inputs, labelName),
    weights: pick(targets, inputs, weightName),
    ...(hasMasks && { masks: pick(network.masks, inputs, maskName) }),
    ...(shared && {
      shared: {
        entity: shared,
        embedded: inputs[SHARED] ?? null,
        ...rows,
        rows: inputs[SHARED_ROWS] as tf.Tensor1D,
      },
    }),
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
