/** A network: the pure function from the towers' input to the towers' logits, and the parameters it needs. */
import type * as tf from '@tensorflow/tfjs-core';
import type { TowerLogits } from './reach.ts';
import type { StageGraph } from './stage-graph.ts';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Glorot's uniform distribution, 0, or the logits of the base rates of a tower's stages. */
  readonly start: 'glorot' | 'zero' | { readonly baseRatesOf: string };
}

/** A layer whose units are dropped at random in training: [batch, units] of 0 or 1 / (1 - rate). */
export interface MaskSpec {
  readonly name: string;
  readonly units: number;
}

export interface Network {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
  /**
   * @param input [batch, width]
   * @param parameters by the name of their spec
   * @param masks by name; left out when nothing is dropped
   */
  logits(
    input: tf.Tensor,
    parameters: Readonly<Record<string, tf.Tensor>>,
    masks?: Readonly<Record<string, tf.Tensor>>,
  ): TowerLogits;
}

export interface NetworkShape {
  readonly graph: StageGraph;
  /** Columns of the towers' input. */
  readonly width: number;
  readonly hiddenUnits: readonly number[];
}
