/**
 * A network is what a model computes: its parameters, forward pass, losses and outputs. Training, checkpoints,
 * calibration and export refer to none of these by name, so that they work for every network. All functions of a
 * network are pure TF.js functions, which are traced once to ONNX.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { StageGraph } from './stage-graph.ts';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** A parameter of a network: its name, shape and initial values. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Initial values: Glorot's uniform distribution, all 0, or the logits of the base rates of a tower's stages. */
  readonly start: 'glorot' | 'zero' | { readonly baseRatesOf: string };
}

/** A dropout mask of a layer. In training it is [batch, units] of 0 or 1 / (1 - rate), drawn at random. */
export interface MaskSpec {
  readonly name: string;
  readonly units: number;
}

/** Labels and weights of the rows of a batch, each [batch, 1] by labelled stage. */
export interface LabelledBatch {
  /** 1 where the row reached the stage, 0 where it did not or where that is not known yet. */
  readonly labels: Tensors;
  /** Weight of the row divided by that of the batch, so that a sum is a mean; 0 where the label is not known yet. */
  readonly weights: Tensors;
}

/** One term of the objective. */
export interface Loss {
  /** Name under which it is reported. */
  readonly name: string;
  /** Factor with which it enters the total. */
  readonly weight: number;
  /** Value of the loss, a scalar. */
  readonly value: tf.Tensor;
}

/** What a model computes. */
export interface Network {
  /** Whether all towers read the same embedding tables, or each tower has a copy of its own. */
  readonly tables: 'shared' | 'by-tower';
  /**
   * By tower name, the labelled stage that a row must have reached to train the tower; a tower that is not named is
   * trained by every row. For all other rows, which must contribute nothing to its losses, the tower's own tables are
   * neither read nor updated.
   */
  readonly trainedOn?: Readonly<Record<string, string>>;
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
  /**
   * Returns the tensors of the forward pass by name. A tensor with the name of a tower is that tower's logits, which
   * can be calibrated where they are [batch, 1]; other tensors have other names.
   *
   * @param inputs [batch, width] by tower name
   * @param parameters by the name of their spec
   * @param masks by the name of their spec; left out when nothing is dropped
   */
  forward(inputs: Tensors, parameters: Tensors, masks?: Tensors): Tensors;
  /** Returns the terms of the objective, computed from the tensors of the forward pass. */
  losses(forward: Tensors, batch: LabelledBatch): readonly Loss[];
  /** Returns the probabilities [batch] of every output, by name, computed from the tensors of the forward pass. */
  outputs(forward: Tensors): Tensors;
}

/** What a network is built from: the stages that it predicts, and the sizes of its layers. */
export interface NetworkShape {
  readonly graph: StageGraph;
  /** Number of columns of a tower's input. */
  readonly width: number;
  readonly hiddenUnits: readonly number[];
}
