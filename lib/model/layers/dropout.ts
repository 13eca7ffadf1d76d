import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';

/**
 * Returns a layer that, in training, drops units with the rate of `training.dropout`, by the mask `<name>.mask`. It has
 * no parameters, and changes nothing where nothing is dropped.
 */
export function dropout({ name, units }: { readonly name: string; readonly units: number }): Layer {
  const maskName = `${name}.mask`;
  return {
    parameters: [],
    masks: [{ name: maskName, units }],
    apply(x, _, masks) {
      const mask = masks?.[maskName];
      return mask === undefined ? (x as tf.Tensor) : tf.mul(x as tf.Tensor, mask);
    },
  };
}
