/**
 * Long Short-Term Memory (Hochreiter and Schmidhuber, Neural Computation 9, 1997), with forget gates (Gers et al., 2000).
 *
 *   [i, f, o] = sigmoid(x_t W + h_{t-1} U + b),    g = tanh(x_t W + h_{t-1} U + b)
 *   c_t = f * c_{t-1} + i * g,                     h_t = o * tanh(c_t)
 *
 * The loop over the items is unrolled into the graph, which so has its gradient too. The bias of the forget gate is 1
 * more than its parameter, so that an untrained layer remembers (Jozefowicz et al., ICML 2015).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterSpec, Tensors } from '../network.ts';
import type { Items } from './attention.ts';

/** A layer over the items of a sequence. */
export interface LstmShape {
  /** What the names of its parameters begin with. */
  readonly name: string;
  /** Most items of a row. */
  readonly length: number;
  /** Width of an item's embedding, and units of the layer. */
  readonly dimension: number;
}

/** A layer that makes a state of each item and all before it. */
export interface Lstm {
  readonly parameters: readonly ParameterSpec[];
  /** Returns the states [rows, length * dimension] after each item, in the order of the items; 0 for padding. */
  apply(items: Items, parameters: Tensors): tf.Tensor;
}

/** Returns a layer that reads the items from the last position, the oldest item, to the first. */
export function lstm({ name, length, dimension }: LstmShape): Lstm {
  const [inputName, stateName, biasName] = [`${name}.input`, `${name}.state`, `${name}.bias`];
  const gates = 4 * dimension;
  const remembering = Array.from({ length: gates }, (_, i) => Number(Math.floor(i / dimension) === FORGET));
  return {
    parameters: [
      { name: inputName, shape: [dimension, gates], start: 'glorot' },
      { name: stateName, shape: [dimension, gates], start: 'glorot' },
      { name: biasName, shape: [gates], start: 'zero' },
    ],
    apply({ values, present }, parameters) {
      const flat = tf.reshape(values, [-1, dimension]) as tf.Tensor2D;
      const bias = tf.add(parameters[biasName] as tf.Tensor, tf.tensor1d(remembering));
      const products = tf.add(tf.matMul(flat, parameters[inputName] as tf.Tensor2D), bias);
      const inputs = pieces(tf.reshape(products, [-1, length * gates]), length);
      const masks = pieces(present, length);
      const states: tf.Tensor[] = [];
      let before: State | null = null;
      // Padding comes before the oldest item, whose state before it is 0.
      for (let at = length - 1; at >= 0; at--) {
        before = step(inputs[at] as tf.Tensor, before, masks[at] as tf.Tensor, parameters[stateName] as tf.Tensor2D);
        states.unshift(before.hidden);
      }
      return length === 1 ? (states[0] as tf.Tensor) : tf.concat(states, 1);
    },
  };
}

/** Position of the forget gate among the gates: input, forget, output, and the new content. */
const FORGET = 1;

interface State {
  readonly hidden: tf.Tensor;
  readonly cell: tf.Tensor;
}

/** One item: `input` is its part of the gates [rows, 4 units], and the state after padding is 0. */
function step(input: tf.Tensor, before: State | null, mask: tf.Tensor, weight: tf.Tensor2D): State {
  const all = before === null ? input : tf.add(input, tf.matMul(before.hidden as tf.Tensor2D, weight));
  const units = (all.shape[1] as number) / 4;
  const [gates, content] = tf.split(all, [3 * units, units], 1) as [tf.Tensor, tf.Tensor];
  const [enter, keep, leave] = tf.split(tf.sigmoid(gates), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const entered = tf.mul(enter, tf.tanh(content));
  const cell = tf.mul(before === null ? entered : tf.add(tf.mul(keep, before.cell), entered), mask);
  return { cell, hidden: tf.mul(leave, tf.tanh(cell)) };
}

/** Returns the columns of a matrix in so many pieces. */
function pieces(matrix: tf.Tensor, count: number): tf.Tensor[] {
  // TF.js cannot differentiate a split into one.
  return count === 1 ? [matrix] : tf.split(matrix, count, 1);
}
