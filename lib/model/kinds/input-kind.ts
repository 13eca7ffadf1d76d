/** What the model asks of a kind of encoded input. */
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

/** What the scoring graph's inputs hold, by their names: ids (int32), numbers, and weights by `<name>_weights`. */
export type EncodedTensors = Readonly<Record<string, tf.Tensor>>;

export interface InputKind<Input extends InputSpec> {
  graphInputs(input: Input): readonly GraphInput[];
  /** Writes rows of encoded rows, in that order, as the rows from `at` on of a training batch. */
  writeRows(input: Input, chunk: EncodedChunk, rows: Uint32Array, into: BatchColumns, at: number): void;
}

/** An input whose values are rows of an embedding table. */
export interface EmbeddedKind<Input extends EmbeddedInput> extends InputKind<Input> {
  /** Whether a training batch has a coefficient for each id; otherwise every id counts once. */
  readonly hasCoefficients: boolean;
  /** Ids of a row in a training batch. */
  idsPerRow(input: Input): number;
  /** Embedding [batch, dimension] out of the table [rows, dimension]. */
  embed(input: Input, table: tf.Tensor, encoded: EncodedTensors): tf.Tensor;
}

/** An input whose values are numbers. */
export interface NumberKind<Input extends NumberInput> extends InputKind<Input> {
  /** What the towers read of an untransformed number [batch]: its value, and whether it is missing. Shapes [batch]. */
  transform(input: Input, untransformed: tf.Tensor): { readonly value: tf.Tensor; readonly missing: tf.Tensor };
}
