/** What each kind of encoded input must define for the model. */
import type * as tf from '@tensorflow/tfjs-core';
import type { EmbeddedInput, EncodedChunk, InputSpec, NumberInput } from '../../table/encoded.ts';

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

/** An input whose values are numbers. */
export interface NumberKind<Input extends NumberInput> extends InputKind<Input> {
  /**
   * Returns the two matrices [batch, n] that the towers read of n inputs [batch, n]: the transformed values, and 1 where
   * a number is missing.
   */
  transform(
    inputs: readonly Input[],
    untransformed: tf.Tensor,
  ): { readonly value: tf.Tensor; readonly missing: tf.Tensor };
}
