/**
 * Deep Interest Network for Click-Through Rate Prediction (Zhou et al., KDD 2018, arXiv 1706.06978).
 *
 *   v_U(A) = sum over items j of  a(e_j, v_A) e_j                                             (equation 3)
 *
 * Here e_j are the embeddings of a sequence's items, v_A is that of the candidate, and a is a network with hidden layers
 * on [e_j, v_A, e_j - v_A, e_j * v_A] whose single output says how much the item counts for this candidate.
 *
 * Differs from the paper in: a softmax over the items that are there, as the authors' own code has it, so that the
 * result is a weighted mean and does not grow with the length; hidden layers of relu; and a vector for each position,
 * counted from the newest item, that is added to e_j in the network a alone, since attention knows no order. Without a
 * candidate the network reads e_j alone: which items count is then the same for every candidate (as in Hierarchical
 * Attention Networks, Yang et al., NAACL 2016).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterSpec, Tensors } from '../network.ts';
import { dense } from './dense.ts';
import { sequence } from './layer.ts';

/** Attention over the items of a sequence. */
export interface AttentionShape {
  /** What the names of its parameters begin with. */
  readonly name: string;
  /** Most items of a row. */
  readonly length: number;
  /** Width of an item's embedding and of the candidate's. */
  readonly dimension: number;
  /** Units of the hidden layers. */
  readonly units: readonly number[];
  /** Whether the items are compared with a candidate. */
  readonly hasCandidate: boolean;
  /** Whether the network is told the position of each item. */
  readonly hasPositions: boolean;
}

/** The items of sequences. */
export interface Items {
  /** Embeddings side by side, [rows, length * dimension]. */
  readonly values: tf.Tensor;
  /** 1 for each item, 0 for padding, [rows, length]. */
  readonly present: tf.Tensor;
}

/** A layer that makes one vector of the items of a sequence. */
export interface Attention {
  readonly parameters: readonly ParameterSpec[];
  /**
   * Returns the weighted mean of the items [rows, dimension].
   * @param candidate [rows, dimension]; `null` without one
   */
  apply(items: Items, candidate: tf.Tensor | null, parameters: Tensors): tf.Tensor;
}

/** A score that is so low that an item of it has the weight 0. */
const ABSENT = -1e9;

/** Returns attention over the items of a sequence. */
export function attention(shape: AttentionShape): Attention {
  const { name, length, dimension, units, hasCandidate, hasPositions } = shape;
  const [first = 1, ...others] = units;
  const [weightName, biasName, positionsName] = [`${name}.0.weight`, `${name}.0.bias`, `${name}.positions`];
  const widths = [...others, 1];
  const rest = sequence(
    widths.map((width, i) =>
      dense({
        name: `${name}.${i + 1}`,
        inputs: units[i] as number,
        units: width,
        // A softmax is the same whatever is added to all scores.
        ...(i === others.length ? { bias: null } : { activation: 'relu' }),
      }),
    ),
  );
  return {
    parameters: [
      { name: weightName, shape: [(hasCandidate ? 4 : 1) * dimension, first], start: 'glorot' },
      { name: biasName, shape: [first], start: 'zero' },
      ...(hasPositions ? [{ name: positionsName, shape: [length, dimension], start: 'zero' } as const] : []),
      ...rest.parameters,
    ],
    apply({ values, present }, candidate, parameters) {
      const items = tf.reshape(values, [-1, length, dimension]);
      const told = hasPositions ? tf.add(items, parameters[positionsName] as tf.Tensor) : items;
      const weight = parameters[weightName] as tf.Tensor2D;
      const product = candidate === null ? times(told, weight) : comparison(told, candidate, weight);
      const hidden = tf.relu(tf.add(product, parameters[biasName] as tf.Tensor));
      const scores = tf.reshape(rest.apply(tf.reshape(hidden, [-1, first]), parameters), [-1, length]);
      const masked = tf.add(tf.mul(scores, present), tf.mul(tf.sub(1, present), ABSENT));
      const weights = tf.mul(tf.softmax(masked), present);
      return tf.sum(tf.mul(tf.expandDims(weights, 2), items), 1);
    },
  };
}

/**
 * Returns the product of [e, v, e - v, e * v] and the weights, [rows, length, units], for each item e and the candidate v
 * of its row. What depends on the candidate alone is computed once for all items of a row.
 */
function comparison(items: tf.Tensor, candidate: tf.Tensor, weight: tf.Tensor2D): tf.Tensor {
  const [ofItem, ofCandidate, ofDifference, ofProduct] = tf.split(weight, 4, 0) as Four;
  const own = tf.expandDims(tf.matMul(candidate as tf.Tensor2D, tf.sub(ofCandidate, ofDifference)), 1);
  const products = tf.mul(items, tf.expandDims(candidate, 1));
  const byItem = tf.add(times(items, tf.add(ofItem, ofDifference)), times(products, ofProduct));
  return tf.add(byItem, own);
}

type Four = [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];

/** Returns the product [rows, length, units] of vectors [rows, length, n] and a matrix. */
function times(vectors: tf.Tensor, matrix: tf.Tensor2D): tf.Tensor {
  const [, length, width] = vectors.shape as [number, number, number];
  const product = tf.matMul(tf.reshape(vectors, [-1, width]) as tf.Tensor2D, matrix);
  return tf.reshape(product, [-1, length, matrix.shape[1]]);
}
