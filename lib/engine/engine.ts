/**
 * The interface between training and the engine that computes its steps. An engine holds the parameters, the embedding
 * tables and the optimizer's state, trains on one batch at a time, and exposes its state, from which another engine of
 * the same model and options can continue.
 */
import type { Entity } from '../config/declaration.ts';
import type { Model } from '../model/model.ts';
import type { LearningRateSchedule } from './learning-rate.ts';
import type { OptimizerChoice } from './optimizers.ts';

/** Rows of an entity that neighbouring rows of a batch share, such as the user of all impressions of a request. */
export interface SharedBatchRows {
  readonly entity: Entity;
  /** Number of shared rows. */
  readonly distinct: number;
  /** The shared row of each row of the batch: 0 in the first one, and in each other one that of its predecessor or 1 more. */
  readonly rows: Int32Array;
}

/**
 * A batch of rows. Every array has `rows` values, or `rows * length` for the ids and coefficients of a bag; the inputs
 * of an entity whose rows are shared have `shared.distinct` rows instead.
 */
export interface Batch {
  readonly rows: number;
  /** Left out where each row has all of its inputs. */
  readonly shared?: SharedBatchRows;
  /** Row numbers in the embedding tables, by input. */
  readonly ids: Readonly<Record<string, Int32Array>>;
  /** The combiner's coefficient of each id, by bag; 0 for padding. */
  readonly coefficients: Readonly<Record<string, Float32Array>>;
  /** Untransformed numbers, by input; NaN where missing. */
  readonly numbers: Readonly<Record<string, Float32Array>>;
  /** Labels, 0 or 1, by labelled stage; the values of other targets, by name. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  /** Weights of the rows in the loss of a labelled stage or of another target, divided by the batch's rows; 0 for an unknown label. */
  readonly weights: Readonly<Record<string, Float32Array>>;
}

/** How an engine trains. */
export interface EngineOptions {
  /** Largest number of rows in a batch. */
  readonly batchSize: number;
  /** Threads that make a step together. The last bits of the weights depend on their number. */
  readonly threads: number;
  readonly optimizer: OptimizerChoice;
  /**
   * How the learning rate changes over the steps.
   * @default the learning rate is constant
   */
  readonly schedule?: LearningRateSchedule;
  /**
   * Factor l of the L2 penalty on embeddings: each row of a batch adds l/2 |w|^2 to its loss for every embedding w that
   * it reads and trains. As the loss is a mean over the batch, an embedding that occurs n times in a batch of B rows has
   * the gradient l n/B w besides.
   */
  readonly l2Embeddings: number;
  /**
   * The factors of single tables, by their name in the model.
   * @default `l2Embeddings` for every table
   */
  readonly l2Tables?: Readonly<Record<string, number>>;
  /** Share of hidden units that a training step drops. */
  readonly dropout: number;
  /** Seed of the dropout masks. */
  readonly seed: number;
  /**
   * The entity whose rows a batch may share.
   * @default each row of every batch has all of its inputs
   */
  readonly sharedEntity?: Entity | undefined;
}

/** The weights of a model: parameters and embedding tables by name, each in row-major order. */
export interface Weights {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly tables: Readonly<Record<string, Float32Array>>;
}

/** A term of the total loss. */
export interface LossTerm {
  /** Name of the loss in the network. */
  readonly name: string;
  /** Factor with which it enters the total. */
  readonly weight: number;
}

/** What a model makes of the rows of a batch. */
export interface Evaluation {
  /** The network's losses, by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** The probabilities [rows] of the graph's outputs, by name. */
  readonly probabilities: Readonly<Record<string, Float32Array>>;
}

/** Everything that the next step depends on, except its batch. */
export interface EngineState {
  /** Number of steps made so far. */
  readonly step: number;
  /** The weights with the optimizer's state, and the flags of touched rows, by name; large ones in several pieces. */
  readonly arrays: readonly (readonly [name: string, bytes: Uint8Array])[];
}

/** Trains one model. */
export interface TrainingEngine {
  readonly model: Model;
  /** The network's losses, which `train` and `evaluate` return by name. */
  readonly losses: readonly LossTerm[];
  /** Number of steps made so far. */
  readonly steps: number;
  /** 1 for each row that a training step has updated, 0 for every other, by embedding table. */
  readonly touched: Readonly<Record<string, Uint8Array>>;

  /**
   * Makes one training step and returns the losses of the batch before the update, by name. The step before must have
   * ended. Where it fails, the weights may be updated in part, and the engine cannot be used afterwards.
   * @throws {RangeError} where the batch has more rows than the batch size.
   */
  train(batch: Batch): Promise<Record<string, number>>;

  /**
   * Returns the losses and probabilities of a batch, with nothing dropped and nothing updated.
   * @throws {RangeError} where rows of the batch are shared, which only training has a graph for.
   */
  evaluate(batch: Batch): Promise<Evaluation>;

  /**
   * Returns a copy of the weights, without the optimizer's state. The arrays of `into`, which must have the model's
   * shapes, are overwritten with it and returned.
   */
  weights(into?: Weights): Weights;

  /**
   * Sets the weights that are given, and leaves the optimizer's state unchanged.
   * @throws {RangeError} where a name is unknown or the number of values is wrong.
   */
  load(weights: Weights): void;

  /** Returns the state. Its arrays are the engine's own memory, which the next step changes. */
  state(): EngineState;

  /**
   * Restores the state of an engine of the same model and options. `fill` is called for each array in turn, and must
   * write the saved bytes of that name into it.
   */
  restore(step: number, fill: (name: string, into: Uint8Array) => Promise<void>): Promise<void>;

  /** Frees the memory that the engine holds outside JavaScript. It cannot be used afterwards. */
  release(): Promise<void>;
}

/** Creates an engine for a model. Its weights are all 0 until `load` sets them. */
export type CreateEngine = (model: Model, options: EngineOptions) => Promise<TrainingEngine>;
