import * as tf from '@tensorflow/tfjs-core';

/** Returns x times a factor, element by element; the gradient does not reach the factor (stop-gradient). */
export function timesConstant(x: tf.Tensor, factor: tf.Tensor): tf.Tensor {
  // What is computed from the factor's own inputs is no input of this function, so that no gradient goes there.
  const product = tf.customGrad((...args) => {
    const [value, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([factor]);
    return {
      value: tf.mul(value, factor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [tf.mul(dy, saved[0] as tf.Tensor)],
    };
  });
  return product(x);
}
