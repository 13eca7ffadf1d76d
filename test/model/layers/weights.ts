/** Weights and inputs of layers, computed by formulas. */
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterSpec, Tensors } from '../../../lib/model/network.ts';

/** Returns a tensor for each parameter, whose elements are `of` the number of the element among all. */
export function startWeights(specs: readonly ParameterSpec[], of: (i: number) => number): Tensors {
  let at = 0;
  return Object.fromEntries(
    specs.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const from = at;
      at += size;
      return [
        name,
        tf.tensor(
          Array.from({ length: size }, (_, i) => of(from + i)),
          [...shape],
        ),
      ];
    }),
  );
}

/** Returns a matrix of numbers from -1 to 1. */
export function values(shape: [number, number], seed: number): tf.Tensor2D {
  return tf.tensor2d(
    Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(100 * seed + 1.7 * i)),
    shape,
  );
}
