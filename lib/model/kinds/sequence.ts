/** A sequence: up to `length` ids per row in an order, whose embeddings stand side by side for the layers that pool them. */
import * as tf from '@tensorflow/tfjs-core';
import type { SequenceInput } from '../../table/encoded.ts';
import type { EmbeddedKind, EncodedTensors } from './input-kind.ts';

/**
 * Sequences. A sequence without an item has one: the missing value, row 0 of its table. A training batch holds a
 * coefficient of 1 for each item and of 0 for padding, which the scoring graph computes from the weights.
 */
export const sequence: EmbeddedKind<SequenceInput> = {
  hasCoefficients: true,
  idsPerRow: ({ length }) => length,
  isPooled: false,
  graphInputs: ({ name, length }) => [
    { name, shape: ['batch', length], type: 'int64' },
    { name: `${name}_weights`, shape: ['batch', length], type: 'float32' },
  ],
  writeRows({ name, length }, { ids, weights }, rows, into, at) {
    const [source, target] = [ids[name] as Int32Array, into.ids[name] as Int32Array];
    const [given, coefficients] = [weights[name] as Float32Array, into.coefficients[name] as Float32Array];
    for (let i = 0; i < rows.length; i++) {
      const [from, to] = [(rows[i] as number) * length, (at + i) * length];
      let count = 0;
      for (let k = 0; k < length; k++) {
        const isItem = (given[from + k] as number) > 0;
        target[to + k] = isItem ? (source[from + k] as number) : 0;
        coefficients[to + k] = Number(isItem);
        count += Number(isItem);
      }
      if (count === 0) coefficients[to] = 1;
    }
  },
  embed(input, table, encoded) {
    // What stands in the padding does not matter.
    const ids = tf.mul(encoded[input.name] as tf.Tensor, tf.cast(isItem(input, encoded), 'int32'));
    const items = tf.mul(tf.gather(table, ids), tf.expandDims(presentItems(input, encoded), 2));
    return tf.reshape(items, [-1, input.length * (table.shape[1] as number)]);
  },
};

/** Returns 1 for each item of the encoded rows, 0 for padding, [batch, length]. */
export function presentItems(input: SequenceInput, encoded: EncodedTensors): tf.Tensor {
  const items = tf.cast(isItem(input, encoded), 'float32');
  const isEmpty = tf.cast(tf.equal(tf.sum(items, 1, true), 0), 'float32');
  const first = tf.tensor2d([Array.from({ length: input.length }, (_, k) => Number(k === 0))]);
  return tf.add(items, tf.mul(isEmpty, first));
}

function isItem({ name }: SequenceInput, encoded: EncodedTensors): tf.Tensor {
  return tf.greater(encoded[`${name}_weights`] as tf.Tensor, 0);
}
