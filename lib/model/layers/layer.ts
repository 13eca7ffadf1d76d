/**
 * A layer is its parameters, its dropout masks, and a pure function of a matrix, of which a network is composed. Our own
 * models make layers from widths that they know; a user's model makes them while it runs (`own/layers.ts`).
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { MaskSpec, ParameterSpec, Tensors, TowerInput } from '../network.ts';

/** What a layer reads: a matrix [batch, n], or a tower's input in parts, whose shared rows cost a first layer little. */
export type LayerInput = tf.Tensor | TowerInput;

/** A layer from a matrix [batch, inputs] to a matrix [batch, units]. */
export interface Layer {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
  /**
   * Applies the layer.
   *
   * @param parameters by the name of their spec; others may be among them
   * @param masks by the name of their spec; left out where nothing is dropped
   */
  apply(x: LayerInput, parameters: Tensors, masks?: Tensors): tf.Tensor;
}

/** Returns the layers one after the other as one. */
export function sequence(layers: readonly Layer[]): Layer {
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    masks: layers.flatMap(({ masks }) => masks),
    apply: (x, parameters, masks) =>
      layers.reduce<LayerInput>((value, layer) => layer.apply(value, parameters, masks), x) as tf.Tensor,
  };
}
