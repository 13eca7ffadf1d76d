/** What each kind of encoded input must define for the model. */
import type * as tf from '@tensorflow/tfjs-core';
import type { EmbeddedInput, EncodedChunk, InputSpec, NumberInput, NumericInput } from '../../table/encoded.ts';

/** An input of the scoring graph. */
export interface GraphInput {
  readonly name: string;
  readonly shape: readonly (number | 'batch')[];
  readonly type: 'int64' | 'float32';
}

/** The inputs' columns of a training batch, by input. */
export interface BatchColumns {
  readonly ids: Readonly<Record<string, Int32Array>>;
  readonly coefficients: Readonly<Record<string, Float32Array>>;
  readonly numbers: Readonly<Record<string, Float32Array>>;
}

/** Tensors of the scoring graph's inputs, by their names: ids (int32), numbers, and weights as `<name>_weights`. */
export type EncodedTensors = Readonly<Record<string, tf.Tensor>>;

/** What every kind of input defines. */
export interface InputKind<Input extends InputSpec> {
  /** Returns the inputs of the scoring graph that hold this input. */
  graphInputs(input: Input): readonly GraphInput[];
  /** Copies the given rows of a chunk, in that order, to the rows of a training batch from row `at` on. */
  writeRows(input: Input, chunk: EncodedChunk, rows: Uint32Array, into: BatchColumns, at: number): void;
}

/** An input whose values are rows of an embedding table. */
export interface EmbeddedKind<Input extends EmbeddedInput> extends InputKind<Input> {
  /** Whether a training batch has a coefficient for each id; otherwise every id counts once. */
  readonly hasCoefficients: boolean;
  /** Returns the number of ids that a row has in a training batch. */
  idsPerRow(input: Input): number;
  /** Whether the embeddings of a row's ids are added up to one; otherwise they stand side by side. */
  readonly isPooled: boolean;
  /**
   * Returns the embeddings [batch, dimension] of the encoded rows, from the table [rows, dimension]; for an input that is
   * not pooled [batch, ids per row * dimension].
   */
  embed(input: Input, table: tf.Tensor, encoded: EncodedTensors): tf.Tensor;
}

/** How one number of an input is transformed: the mean and deviation are those after `clip` and `log1p`. */
export type NumberTransform = Pick<NumberInput, 'clip' | 'log1p' | 'mean' | 'deviation'>;

/** An input whose values are numbers, all of them missing or none. */
export interface NumericKind<Input extends NumericInput> extends InputKind<Input> {
  /** Returns how each of the input's numbers is transformed, in their order. */
  transforms(input: Input): readonly NumberTransform[];
}
