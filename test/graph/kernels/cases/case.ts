/** What a case of the kernels is, and its outputs: the values of a function and its gradients. */
import * as tf from '@tensorflow/tfjs-core';
import type { Inputs } from './inputs.ts';

/** A function that is traced and compared with TF.js, at several numbers of rows. */
export interface KernelCase {
  readonly name: string;
  /** The inputs by which the function is differentiated, which must be of float32. */
  readonly by: readonly (keyof Inputs)[];
  readonly of: (inputs: Inputs) => tf.Tensor | readonly tf.Tensor[];
  /** The same function written with what TF.js itself computes rightly, where it is wrong about `of`. @default of */
  readonly inTfjs?: KernelCase['of'];
  /** How far an element may be off beside the relative tolerance. @default 1e-6 */
  readonly absolute?: number;
  /** The fewest rows that TF.js itself computes. @default 0 */
  readonly fewestRows?: number;
}

/** Returns a case with gradients. */
export function differentiable(
  name: string,
  by: KernelCase['by'],
  of: KernelCase['of'],
  more: Partial<KernelCase> = {},
) {
  return { name, by, of, ...more };
}

/** Returns a case without gradients. */
export function values(name: string, of: KernelCase['of'], more: Partial<KernelCase> = {}): KernelCase {
  return { name, by: [], of, ...more };
}

/** Returns the outputs of a case by name: `value 0`, `value 1` ... and `d x` for each input that it is differentiated by. */
export function outputsOf({ by, of }: KernelCase, inputs: Inputs): Record<string, tf.Tensor> {
  const list = (result: ReturnType<KernelCase['of']>) => (result instanceof tf.Tensor ? [result] : result);
  const outputs = Object.fromEntries(list(of(inputs)).map((value, i) => [`value ${i}`, value]));
  if (by.length === 0) return outputs;
  // Each element of a result has another weight in the total that is differentiated.
  const total = (...variables: tf.Tensor[]) => {
    const given = { ...inputs, ...Object.fromEntries(by.map((name, i) => [name, variables[i]])) };
    return list(of(given as Inputs))
      .map((value) => tf.sum(tf.mul(tf.add(value, 3), value)))
      .reduce((a, b) => tf.add(a, b)) as tf.Scalar;
  };
  const gradients = tf.grads(total)(by.map((name) => inputs[name] as tf.Tensor));
  return { ...outputs, ...Object.fromEntries(by.map((name, i) => [`d ${name}`, gradients[i] as tf.Tensor])) };
}
