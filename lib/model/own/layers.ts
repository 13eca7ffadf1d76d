/** The layers that a user's function calls: those of our own models, which make their parameters when they are called. */
import * as tf from '@tensorflow/tfjs-core';
import { crosses } from '../layers/crosses.ts';
import { ACTIVATIONS, type ActivationName, dense, hidden } from '../layers/dense.ts';
import { dropout } from '../layers/dropout.ts';
import type { Layer, LayerInput } from '../layers/layer.ts';
import { gate, mixture } from '../layers/mixture.ts';
import { normalize } from '../layers/normalize.ts';
import { logits, tower } from '../layers/tower.ts';
import type { Columns } from '../network.ts';
import type { StageGraph } from '../stage-graph.ts';
import { Input } from './input.ts';
import { ModelError } from './model-error.ts';
import type { Scope } from './scope.ts';

/** What a layer reads: a tower's input or some of its columns, or a matrix [batch, n]. */
export type LayerSource = Input | tf.Tensor;

/**
 * Layers. Each has a name of its own, by which its parameters are trained, saved and found again by a warm start:
 * `dense('shared', x, ...)` has `shared.weight` [n, units] and `shared.bias` [units].
 */
export interface Layers {
  /** A fully connected layer, [batch, units]: activation(x W + b). */
  dense(name: string, x: LayerSource, shape: { readonly units: number } & DenseOptions): tf.Tensor2D;
  /** Hidden layers of these units, [batch, last units], each with its activation and dropout. */
  mlp(name: string, x: LayerSource, shape: { readonly units: readonly number[] } & HiddenOptions): tf.Tensor2D;
  /**
   * A tower of the funnel: hidden layers, by default those of `model.hidden_units`, and its logits [batch, 1], one for
   * each stage where it predicts several. They start at the base rate of the training rows.
   */
  tower(name: string, x: LayerSource, shape?: { readonly units?: readonly number[] } & HiddenOptions): tf.Tensor2D;
  /** The logits of a tower of the funnel alone, [batch, 1 or more], linear in x. They start at the base rate. */
  logits(tower: string, x: LayerSource): tf.Tensor2D;
  /** So many experts, each a stack of hidden layers of these units: a list of matrices [batch, last units]. */
  experts(
    name: string,
    x: LayerSource,
    shape: { readonly count: number; readonly units: readonly number[] } & HiddenOptions,
  ): tf.Tensor2D[];
  /** The experts' matrices [batch, units] weighted by a gate, a softmax of x, and added up (MMoE); one needs no gate. */
  mixture(name: string, x: LayerSource, experts: readonly tf.Tensor[]): tf.Tensor2D;
  /** Cross layers, which multiply columns with each other (DCN V2): [batch, n] as x. Weights have full rank by default. */
  crosses(name: string, x: LayerSource, shape: { readonly count: number; readonly rank?: number }): tf.Tensor2D;
  /** Layer normalisation, [batch, n] as x: each row has mean 0 and variance 1, then is scaled and shifted. */
  normalize(name: string, x: LayerSource): tf.Tensor2D;
  /** Drops columns of x at random in training, with the rate of `training.dropout`. It has no parameters. */
  dropout(name: string, x: LayerSource): tf.Tensor2D;
  /** An activation by its name; also `tf.relu` and all other functions of TF.js. */
  activation(name: ActivationName, x: tf.Tensor): tf.Tensor2D;
  /** A parameter of your own, `<name>.value`, which starts at 0 or from Glorot's uniform distribution. */
  parameter(name: string, shape: readonly number[], start?: 'glorot' | 'zero'): tf.Tensor;
}

interface DenseOptions {
  /** @default linear */
  readonly activation?: ActivationName;
  /** Whether a bias is added. @default true */
  readonly bias?: boolean;
}

interface HiddenOptions {
  /** @default relu */
  readonly activation?: ActivationName;
}

/** What layers are made in: the funnel, the declared sizes, and where parameters come from. */
export interface LayersOptions {
  readonly graph: StageGraph;
  readonly hiddenUnits: readonly number[];
  readonly scope: Scope;
}

/** Returns the layers of one run of a user's function. */
export function layersOf({ graph, hiddenUnits, scope }: LayersOptions): Layers {
  const apply = (layer: Layer, x: LayerInput) => {
    const parameters = layer.parameters.map((spec) => [spec.name, scope.parameter(spec)] as const);
    const masks = layer.masks.flatMap((spec) => {
      const mask = scope.mask(spec);
      return mask === undefined ? [] : [[spec.name, mask] as const];
    });
    return layer.apply(x, Object.fromEntries(parameters), Object.fromEntries(masks)) as tf.Tensor2D;
  };
  const towerOf = (name: string) => {
    const of = graph.towers.find((tower) => tower.name === name);
    if (of === undefined) throw new ModelError(`tower: got ${JSON.stringify(name)}, expected one of ${towers(graph)}`);
    return of;
  };
  const mlp: Layers['mlp'] = (name, x, { units, activation = 'relu' }) => {
    const { input, ...read } = sourceOf(name, x);
    checkUnits(name, units);
    checkActivation(name, activation);
    if (units.length === 0) throw new ModelError(`layer ${name}: got no units, expected those of one layer or more`);
    return apply(hidden({ name, ...read, units, activation }), input);
  };
  return {
    mlp,
    dense(name, x, { units, activation = 'linear', bias = true }) {
      const { input, ...read } = sourceOf(name, x);
      checkUnits(name, [units]);
      checkActivation(name, activation);
      return apply(dense({ name, ...read, units, activation, ...(bias ? {} : { bias: null }) }), input);
    },
    tower(name, x, { units = hiddenUnits, activation = 'relu' } = {}) {
      const { input, ...read } = sourceOf(name, x);
      checkUnits(name, units);
      checkActivation(name, activation);
      return apply(tower({ of: towerOf(name), ...read, units, activation }), input);
    },
    logits(name, x) {
      const { input, ...read } = sourceOf(name, x);
      return apply(logits({ of: towerOf(name), name: `${name}.logits`, ...read }), input);
    },
    experts(name, x, { count, ...shape }) {
      checkUnits(name, [count], 'count');
      return Array.from({ length: count }, (_, i) => mlp(`${name}.${i}`, x, shape));
    },
    mixture(name, x, experts) {
      const { input, ...read } = sourceOf(name, x);
      const [first, ...others] = experts.map((expert) => matrixOf(name, expert).shape[1]);
      if (first === undefined || others.some((width) => width !== first))
        throw new ModelError(
          `layer ${name}: got experts of ${[first, ...others].join(', ')} columns, expected one or more of the same width`,
        );
      // The only expert's weight is 1 in every row.
      if (experts.length === 1) return experts[0] as tf.Tensor2D;
      return mixture(apply(gate({ name, ...read, experts: experts.length }), input), experts) as tf.Tensor2D;
    },
    crosses(name, x, { count, rank = null }) {
      const { input, ...read } = sourceOf(name, x);
      checkUnits(name, [count], 'count');
      if (rank !== null) checkUnits(name, [rank], 'rank');
      return apply(crosses({ name, ...read, count, rank }), input);
    },
    normalize(name, x) {
      const matrix = matrixOf(name, x);
      return apply(normalize({ name, units: matrix.shape[1] }), matrix);
    },
    dropout(name, x) {
      const matrix = matrixOf(name, x);
      return apply(dropout({ name, units: matrix.shape[1] }), matrix);
    },
    activation(name, x) {
      checkActivation(name, name);
      return ACTIVATIONS[name](x) as tf.Tensor2D;
    },
    parameter: (name, shape, start = 'glorot') => scope.parameter({ name: `${name}.value`, shape, start }),
  };
}

interface Source {
  readonly input: LayerInput;
  readonly inputs: number;
  readonly columns?: readonly Columns[];
}

function sourceOf(layer: string, x: LayerSource): Source {
  if (x instanceof Input) return { ...x.forLayer(), inputs: x.width };
  const matrix = matrixOf(layer, x);
  return { input: matrix, inputs: matrix.shape[1] };
}

function matrixOf(layer: string, x: LayerSource): tf.Tensor2D {
  if (x instanceof Input) return x.tensor();
  if (!(x instanceof tf.Tensor))
    throw new ModelError(`layer ${layer}: got ${kindOf(x)}, expected an input, or a tensor [batch, n]`);
  if (x.shape.length !== 2)
    throw new ModelError(`layer ${layer}: got a tensor of rank ${x.shape.length}, expected [batch, n]`);
  return x as tf.Tensor2D;
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : Array.isArray(value) ? 'a list' : typeof value;
}

function checkUnits(layer: string, units: readonly number[], what = 'units'): void {
  if (!Array.isArray(units)) throw new ModelError(`layer ${layer}: got ${what} ${kindOf(units)}, expected a list`);
  const wrong = units.find((count) => !Number.isInteger(count) || count < 1 || count > MOST_UNITS);
  if (wrong !== undefined)
    throw new ModelError(
      `layer ${layer}: got ${what} ${wrong}, expected a whole number from 1 to ${MOST_UNITS.toLocaleString('en')}`,
    );
}

const MOST_UNITS = 65_536;

function checkActivation(layer: string, activation: string): void {
  if (!Object.hasOwn(ACTIVATIONS, activation))
    throw new ModelError(
      `layer ${layer}: got activation ${JSON.stringify(activation)}, expected one of ${Object.keys(ACTIVATIONS).join(', ')}`,
    );
}

/** Returns the names of the towers, for messages. */
export function towers({ towers: all }: Pick<StageGraph, 'towers'>): string {
  return all.map(({ name }) => name).join(', ');
}
