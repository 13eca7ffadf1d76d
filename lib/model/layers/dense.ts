/** Fully connected layers, and several of them one after the other. */
import * as tf from '@tensorflow/tfjs-core';
import type { Columns, ParameterSpec } from '../network.ts';
import { dropout } from './dropout.ts';
import { type Layer, sequence } from './layer.ts';
import { linear } from './linear.ts';

/** A function of every element. */
export type Activation = (x: tf.Tensor) => tf.Tensor;

/** The activations by name. */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => tf.relu(x),
  elu: (x) => tf.elu(x),
  selu: (x) => tf.selu(x),
  leaky_relu: (x) => tf.leakyRelu(x, 0.01),
  /** x sigmoid(x), also called SiLU. */
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  softplus: (x) => tf.softplus(x),
} as const satisfies Readonly<Record<string, Activation>>;

/** Name of an activation. */
export type ActivationName = keyof typeof ACTIVATIONS;

/** A fully connected layer: act(x W + b). */
export interface DenseShape {
  /** Prefix of the parameters' names: `<name>.weight` [inputs, units] and `<name>.bias` [units]. */
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  /** @default linear */
  readonly activation?: ActivationName;
  /** Initial weights. @default Glorot's uniform distribution */
  readonly weight?: ParameterSpec['start'];
  /** Initial bias; `null` for a layer without one. @default 0 */
  readonly bias?: ParameterSpec['start'] | null;
  /** Columns of a tower's input that the layer reads, in their order. @default it reads another layer */
  readonly columns?: readonly Columns[];
}

/** Returns a fully connected layer. */
export function dense({ name, inputs, units, activation = 'linear', ...start }: DenseShape): Layer {
  const { weight = 'glorot', bias = 'zero', columns } = start;
  const [weightName, biasName] = [`${name}.weight`, `${name}.bias`];
  return {
    parameters: [
      { name: weightName, shape: [inputs, units], start: weight, ...(columns && { columns }) },
      ...(bias === null ? [] : [{ name: biasName, shape: [units], start: bias }]),
    ],
    masks: [],
    apply(x, parameters) {
      const product = linear(x, parameters[weightName] as tf.Tensor2D);
      const sum = bias === null ? product : tf.add(product, parameters[biasName] as tf.Tensor);
      return ACTIVATIONS[activation](sum);
    },
  };
}

/** Hidden layers: each fully connected, then its activation, then dropout. */
export interface HiddenShape extends Pick<DenseShape, 'name' | 'inputs' | 'columns'> {
  /** Units of each layer. */
  readonly units: readonly number[];
  /** @default relu */
  readonly activation?: ActivationName;
  /**
   * Initial weights by He's uniform distribution, those of the last layer times this; for stacks of many layers of ReLUs,
   * each of which Glorot's would make smaller.
   * @default Glorot's uniform distribution
   */
  readonly heTimes?: number;
}

/** Returns hidden layers one after the other, named `<name>.0`, `<name>.1`, and so on. */
export function hidden({ name, inputs, units, activation = 'relu', columns, heTimes }: HiddenShape): Layer {
  const widths = [inputs, ...units];
  const weightOf = (i: number) =>
    heTimes === undefined ? 'glorot' : { heTimes: i === units.length - 1 ? heTimes : 1 };
  return sequence(
    units.flatMap((width, i) => [
      dense({
        name: `${name}.${i}`,
        inputs: widths[i] as number,
        units: width,
        activation,
        weight: weightOf(i),
        ...(i === 0 && columns && { columns }),
      }),
      dropout({ name: `${name}.${i}`, units: width }),
    ]),
  );
}
