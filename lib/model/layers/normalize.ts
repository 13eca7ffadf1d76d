import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';

const EPSILON = 1e-5;

/**
 * Returns layer normalisation (arXiv 1607.06450): each row's units are brought to mean 0 and variance 1, then scaled and
 * shifted. Normalising by a batch's statistics is no layer here, since a row's score must not depend on other rows.
 */
export function normalize({ name, units }: { readonly name: string; readonly units: number }): Layer {
  const [gainName, offsetName] = [`${name}.gain`, `${name}.offset`];
  return {
    parameters: [
      // The gain is kept as its difference from 1, so that it starts at 0.
      { name: gainName, shape: [units], start: 'zero' },
      { name: offsetName, shape: [units], start: 'zero' },
    ],
    masks: [],
    apply(input, parameters) {
      const x = input as tf.Tensor;
      const mean = tf.mul(tf.sum(x, 1, true), 1 / units);
      const centred = tf.sub(x, mean);
      const variance = tf.mul(tf.sum(tf.square(centred), 1, true), 1 / units);
      const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, EPSILON)));
      const gain = tf.add(parameters[gainName] as tf.Tensor, 1);
      return tf.add(tf.mul(normal, gain), parameters[offsetName] as tf.Tensor);
    },
  };
}
