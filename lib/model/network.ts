/**
 * A network: what a model computes. It owns its parameters, its forward pass, its losses and its outputs; training,
 * checkpoints, calibration and export know none of them by name. Everything here is a pure TF.js function, traced once
 * to ONNX.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { StageGraph } from './stage-graph.ts';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

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

/** What became of the rows of a batch, [batch, 1] by labelled stage. */
export interface LabelledBatch {
  /** 1 where the row reached the stage, 0 where it did not, or where that is not known yet. */
  readonly labels: Tensors;
  /** Weight of the row divided by the batch's, so that a sum over the rows is a mean; 0 where the label is unknown. */
  readonly weights: Tensors;
}

/** One term of the objective. */
export interface Loss {
  /** Name under which it is reported. */
  readonly name: string;
  /** Factor with which it enters the total. */
  readonly weight: number;
  /** Scalar. */
  readonly value: tf.Tensor;
}

export interface Network {
  /** Whether all towers read the same embedding tables, or each tower has a copy of its own. */
  readonly tables: 'shared' | 'by-tower';
  /**
   * The labelled stage that a row must have reached to train a tower, by tower name; every row trains a tower that is
   * not named. A tower's own tables are neither read nor updated for the other rows, whose loss must be 0.
   */
  readonly trainedOn?: Readonly<Record<string, string>>;
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
  /**
   * The forward pass. A tensor [batch, 1] that has a tower's name is the logit of that tower's edge, and can be
   * calibrated; others have names of their own.
   *
   * @param inputs [batch, width] by tower name
   * @param parameters by the name of their spec
   * @param masks by name; left out when nothing is dropped
   */
  forward(inputs: Tensors, parameters: Tensors, masks?: Tensors): Tensors;
  /** The terms of the objective, of the forward pass's tensors. */
  losses(forward: Tensors, batch: LabelledBatch): readonly Loss[];
  /** Every output's probability [batch], by name, of the forward pass's tensors. */
  outputs(forward: Tensors): Tensors;
}

export interface NetworkShape {
  readonly graph: StageGraph;
  /** Columns of a tower's input. */
  readonly width: number;
  readonly hiddenUnits: readonly number[];
}
