/**
 * What training needs of an engine, whatever computes its steps. An engine holds the parameters, the embedding tables
 * and their optimizer's state, is given one batch at a time, and can hand out its state so that another engine of the
 * same model and options goes on from it.
 */
import type { Model } from '../model/model.ts';
import type { LearningRateSchedule } from './learning-rate.ts';
import type { OptimizerChoice } from './optimizers.ts';

/** Rows of a batch. Every array holds `rows` values, or `rows * length` for the ids and coefficients of a bag. */
export interface Batch {
  readonly rows: number;
  /** Rows of the embedding tables, by input. */
  readonly ids: Readonly<Record<string, Int32Array>>;
  /** The combiner's coefficient of each id, by bag; 0 where padded. */
  readonly coefficients: Readonly<Record<string, Float32Array>>;
  /** Untransformed numbers, by input; NaN where missing. */
  readonly numbers: Readonly<Record<string, Float32Array>>;
  /** 0 or 1, by labelled stage. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  /** Weight of the row's loss, by labelled stage, already divided by the batch's rows; 0 for an unknown label. */
  readonly weights: Readonly<Record<string, Float32Array>>;
}

export interface EngineOptions {
  /** Rows of a batch, at most. */
  readonly batchSize: number;
  readonly threads: number;
  readonly optimizer: OptimizerChoice;
  /**
   * How the learning rate changes over the steps.
   * @default it stays as it is
   */
  readonly schedule?: LearningRateSchedule;
  /** Factor of the L2 penalty's gradient on the embedding rows of a batch. */
  readonly l2Embeddings: number;
  /** Share of hidden units dropped in a training step. */
  readonly dropout: number;
  readonly seed: number;
}

/** Parameters by name and tables by name, each as one array of rows. */
export interface Weights {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly tables: Readonly<Record<string, Float32Array>>;
}

/** A term of the total loss. */
export interface LossTerm {
  /** Name that the network gives it. */
  readonly name: string;
  /** Factor with which it enters the total. */
  readonly weight: number;
}

/** All that the next step depends on besides its batch. */
export interface EngineState {
  /** Steps made so far. */
  readonly step: number;
  /** Weights with their optimizer's state, and which rows were touched, by name. */
  readonly arrays: readonly (readonly [name: string, bytes: Uint8Array])[];
}

export interface TrainingEngine {
  readonly model: Model;
  /** The network's losses, which `train` and `loss` return by name. */
  readonly losses: readonly LossTerm[];
  /** Steps made so far. */
  readonly steps: number;
  /** By embedding table: 1 for each row that a training step has touched. */
  readonly touched: Readonly<Record<string, Uint8Array>>;

  /**
   * Makes one training step and returns the losses of the batch before the update, by name.
   * @throws {RangeError} where the batch has more rows than the batch size.
   */
  train(batch: Batch): Promise<Record<string, number>>;

  /** Returns the losses of a batch by name, with nothing dropped and nothing updated. */
  loss(batch: Batch): Promise<Record<string, number>>;

  /** Returns a copy of the weights, without the optimizer's state. */
  weights(): Weights;

  /**
   * Sets the weights that are given, and leaves the optimizer's state as it is.
   * @throws {RangeError} where a name is unknown or has another number of values.
   */
  load(weights: Weights): void;

  /** Returns the state. Its arrays are the engine's own memory and hold this state until the next step. */
  state(): EngineState;

  /** Sets the state to one that an engine of the same model and options had: `fill` writes each of its arrays in turn. */
  restore(step: number, fill: (name: string, into: Uint8Array) => Promise<void>): Promise<void>;

  /** Frees what the engine holds outside JavaScript; it cannot be used after that. */
  release(): Promise<void>;
}

/** Makes the engine that trains a model. Its weights are all 0 until `load` sets them. */
export type CreateEngine = (model: Model, options: EngineOptions) => Promise<TrainingEngine>;
