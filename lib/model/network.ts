/**
 * A network is what a model computes: its parameters, forward pass, losses and outputs. Training, checkpoints,
 * calibration and export contain no name of a parameter, tensor, loss or output, so they work for every network. All
 * functions of a network are pure TF.js functions. They are run once, to record the graph that is written as ONNX.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { CrossesChoice, ExpertsChoice, TypeSettings } from '../config/declaration.ts';
import type { TrainingRows } from './parts/training-rows.ts';
import type { StageGraph } from './stage-graph.ts';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Neighbouring columns of a tower's input. */
export interface Columns {
  readonly start: number;
  readonly count: number;
}

/** Some columns of a tower's input. */
export interface InputPart {
  /** Their values, [batch, n], or [distinct, n] where rows of the batch share them. */
  readonly values: tf.Tensor;
  /** The columns that the n values are, in their order. */
  readonly columns: readonly Columns[];
  /** The row of `values` that each row of the batch has, int32 [batch]; left out where it is the same row. */
  readonly rows?: tf.Tensor1D;
}

/**
 * A tower's input, [batch, width], in parts that hold every column once. What many rows share, such as the user of a
 * request, is a part with fewer rows, so that a layer computes its share of it once (`layers/linear.ts`).
 */
export type TowerInput = readonly InputPart[];

/** Returns the name of a tower's wide input, whose columns are terms of its logits, one logit beside the other. */
export const wideInput = (tower: string) => `${tower}.wide`;

/** A parameter of a network: its name, shape and initial values. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * Initial values: Glorot's uniform distribution; He's, which keeps the size of what layers of ReLUs read, times
   * `heTimes`; all 0; or, for the output bias of the tower that `baseRatesOf` names, the logits of the base rates of its
   * stages; for an output that is the logit of reaching the stage that `reachRateOf` names from the root, that of the
   * share of rows that reach it; or, for a factor of a rate of delays, the logarithm of the inverse of the mean seen
   * delay of the stage that `delayRateOf` names, in days.
   */
  readonly start:
    | 'glorot'
    | 'zero'
    | { readonly heTimes: number }
    | { readonly baseRatesOf: string }
    | { readonly reachRateOf: string }
    | { readonly delayRateOf: string };
  /**
   * The columns of a tower's input that the rows of a first layer's weights belong to, in their order; left out for
   * other parameters.
   */
  readonly columns?: readonly Columns[];
}

/** A dropout mask of a layer. In training it is [batch, units] of 0 or 1 / (1 - rate), drawn at random. */
export interface MaskSpec {
  readonly name: string;
  readonly units: number;
}

/** Labels and weights of the rows of a batch, each [batch, 1] by labelled stage, and by the network's other targets. */
export interface LabelledBatch {
  /** 1 if the row reached the stage; 0 if it did not, or if the label is not known yet. The value of another target. */
  readonly labels: Tensors;
  /**
   * Weight of the row divided by the sum of the whole batch's weights, so that a weighted sum over its rows is a mean; 0
   * if the label is not known yet.
   */
  readonly weights: Tensors;
}

/** One term of the objective, the weighted sum that training minimises. */
export interface Loss {
  /** Name under which the term is reported. */
  readonly name: string;
  /** Factor of the term in the weighted sum. */
  readonly weight: number;
  /** Value of the term without its factor, a scalar. */
  readonly value: tf.Tensor;
}

/** A network: its parameters, and the pure functions from inputs to losses and outputs. */
export interface Network {
  /** Whether all towers look up the same embedding tables, or each tower has a copy of every table to itself. */
  readonly tables: 'shared' | 'by-tower';
  /**
   * The labelled stage that a row must have reached to train a tower, by tower name; a tower without an entry is
   * trained by every row. Rows that did not reach the stage must contribute nothing to the tower's losses, because its
   * embedding tables are neither read nor updated for them.
   */
  readonly trainedOn?: Readonly<Record<string, string>>;
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
  /** Names of the columns that the losses read besides the labels, such as `delayTarget`'s. @default none */
  readonly targets?: readonly string[];
  /**
   * Returns the tensors of the forward pass by name. A tensor with the name of a tower is that tower's logits, which
   * can be calibrated if their shape is [batch, 1]. Other tensors must not have the name of a tower.
   *
   * @param inputs by tower name; those of wide features by `wideInput` of it
   * @param parameters by the name of their spec
   * @param masks by the name of their spec; left out when nothing is dropped
   */
  forward(inputs: Readonly<Record<string, TowerInput>>, parameters: Tensors, masks?: Tensors): Tensors;
  /**
   * Returns the terms of the objective, computed from the tensors of the forward pass. Each is a sum over rows of the
   * row's weight times a value of that row alone: the losses, and the gradients, of parts of a batch add up to those of
   * the batch, and threads compute them apart.
   */
  losses(forward: Tensors, batch: LabelledBatch): readonly Loss[];
  /**
   * Returns the logits [batch, 1] of reaching each stage from the root, by stage, computed from the tensors of the
   * forward pass, which calibration is fitted to. A network has it whose probabilities do not follow from the logits
   * of its towers by the stage graph; the towers' own logits are then not calibrated.
   *
   * @default what the logits of all towers give, if the forward pass has them (`stageReach`)
   */
  reach?(forward: Tensors): Tensors;
  /** Returns the probabilities [batch] of every output, by name, computed from the tensors of the forward pass. */
  outputs(forward: Tensors): Tensors;
  /**
   * Which rows the network is trained on, how often, and with which weights.
   * @default every row once, with its weight in the log
   */
  readonly rows?: TrainingRows;
  /**
   * Networks that share neither parameters nor tables, and together are this one. They are trained one after the other,
   * each on rows of its own and until its own validation loss falls no more, in place of one training by `losses`.
   */
  readonly parts?: readonly NetworkPart[];
  /**
   * Whether the probabilities are meant to be right, and not only their order. `false` where the rows that train the
   * network shift them.
   * @default true
   */
  readonly isCalibrated?: boolean;
}

/** A network that is trained by itself and is a part of another, whose tables and parameters it has by the same names. */
export interface NetworkPart {
  /** Name under which its epochs are reported: the stages whose losses it has. */
  readonly name: string;
  /** The stages that it predicts. The root is the stage from which on it gives probabilities. */
  readonly graph: StageGraph;
  readonly network: Network;
}

/** What a network is built from: the stages that it predicts, the sizes of its layers, and settings of its type. */
export interface NetworkShape extends TypeSettings {
  readonly graph: StageGraph;
  /** Number of columns of a tower's input. */
  readonly width: number;
  readonly hiddenUnits: readonly number[];
  /** Experts under the towers; left out or `null` where each tower reads its input. */
  readonly experts?: ExpertsChoice | null;
  /** Cross layers beside the towers; left out or `null` for none. */
  readonly crosses?: CrossesChoice | null;
  /** Number of columns of each tower's wide input, by tower name; left out or empty for none. */
  readonly wide?: Readonly<Record<string, number>>;
}
