/** Traces the graphs of training from a model's functions: the step (losses and gradients), and the losses alone. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Entity } from '../../config/declaration.ts';
import type { Graph } from '../../graph/graph.ts';
import { type TracedInput, trace } from '../../graph/trace.ts';
import { embeddedWidths } from '../../model/embeddings.ts';
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
  SHARED,
  SHARED_GRADIENT,
  SHARED_ROWS,
  weightName,
} from './step-names.ts';

/** The traced graph of a step, and the terms of the total loss whose gradients it computes. */
export interface TracedStep {
  readonly graph: Graph;
  readonly losses: readonly LossTerm[];
}

/** What the graph of a step has among its inputs. */
export interface StepInputs {
  /** Whether the dropout masks are inputs; otherwise nothing is dropped. */
  readonly hasMasks: boolean;
  /** The entity whose rows are shared; `null` if each row of the batch has its own. */
  readonly shared: Entity | null;
}

const PLAIN: StepInputs = { hasMasks: false, shared: null };

/**
 * Traces a training step: the network's losses, and the gradients of their weighted sum by every parameter and by the
 * embedded matrices.
 */
export function traceStep(model: Model, given: StepInputs): TracedStep {
  let losses: readonly Loss[] = [];
  const graph = trace(
    (inputs) => {
      const step = stepFunction(model, parametersOf(model, inputs), batchOf(model, inputs, given));
      losses = step.losses;
      return {
        ...lossOutputs(losses),
        ...rename(step.gradients, gradientName),
        ...(step.embeddedGradient && { [EMBEDDED_GRADIENT]: step.embeddedGradient }),
        ...(step.sharedGradient && { [SHARED_GRADIENT]: step.sharedGradient }),
      };
    },
    stepInputs(model, given),
  );
  return { graph, losses: losses.map(({ name, weight }) => ({ name, weight })) };
}

/** Traces the network's losses, with nothing dropped. */
export function traceLoss(model: Model): Graph {
  return trace(
    (inputs) => lossOutputs(lossFunction(model, parametersOf(model, inputs), batchOf(model, inputs, PLAIN))),
    stepInputs(model, PLAIN),
  );
}

function lossOutputs(losses: readonly Loss[]): Record<string, tf.Tensor> {
  return Object.fromEntries(losses.map(({ name, value }) => [lossName(name), value]));
}

function stepInputs(model: Model, { hasMasks, shared }: StepInputs): TracedInput[] {
  const { graph, layout, network } = model;
  const column = (name: string): TracedInput => ({ name, shape: ['batch', 1], type: 'float32' });
  const matrix = (name: string, rows: 'batch' | 'distinct', width: number): TracedInput[] =>
    width === 0 ? [] : [{ name, shape: [rows, width], type: 'float32' }];
  const widths = embeddedWidths(model, shared);
  return [
    ...matrix(EMBEDDED, 'batch', widths.rows),
    ...matrix(SHARED, 'distinct', widths.shared),
    ...(shared === null ? [] : [{ name: SHARED_ROWS, shape: ['batch'], type: 'int64' } as const]),
    ...layout.numbers.map(({ name, entity }): TracedInput => {
      return { name: numberName(name), shape: [entity === shared ? 'distinct' : 'batch'], type: 'float32' };
    }),
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
  { hasMasks, shared }: StepInputs,
): StepBatch {
  const numbers = pick(layout.numbers, inputs, numberName);
  return {
    embedded: inputs[EMBEDDED] ?? null,
    numbers,
    labels: pick(graph.labelled, inputs, labelName),
    weights: pick(graph.labelled, inputs, weightName),
    ...(hasMasks && { masks: pick(network.masks, inputs, maskName) }),
    ...(shared && {
      shared: {
        entity: shared,
        embedded: inputs[SHARED] ?? null,
        numbers,
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
