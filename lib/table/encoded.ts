/**
 * Encoded rows: the values of a log or of candidates as inputs of the model. Training, the published ONNX model and
 * scoring have the same inputs in the same encoding; `inputs.json` of a model version is a list of `InputSpec`.
 *
 * Row ids of an embedding table: 0 is the missing value, 1 to u are the u unknown buckets, and the values follow.
 */
import type { Entity } from '../config/declaration.ts';
import type { SequencePooling } from '../config/features/sequence.ts';

/** An input with one row id in each row. ONNX input: int64 [batch]. */
export interface IdInput {
  readonly kind: 'id';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
}

/**
 * An input with up to `length` row ids in each row. ONNX inputs: int64 [batch, length], and float `<name>_weights`
 * [batch, length]. Both are padded with 0.
 */
export interface BagInput {
  readonly kind: 'bag';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
  readonly length: number;
  /**
   * How the embeddings e of a row's values, with weights w, become one. sum: the sum of w e; mean: that sum divided by
   * the sum of w; sqrtn: that sum divided by the square root of the sum of w squared. An empty bag has the embedding of
   * row 0.
   */
  readonly combiner: 'sum' | 'mean' | 'sqrtn';
}

/**
 * An input with up to `length` row ids in each row, in an order: the newest item first. ONNX inputs: as those of a bag,
 * with weights of 1 before those of the padding, which are 0.
 */
export interface SequenceInput {
  readonly kind: 'sequence';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
  readonly length: number;
  /** The layers by which the items become one embedding. A row without an item has one, the missing value. */
  readonly pooling: SequencePooling;
}

/** A number, NaN if missing, that the ONNX graph clips, transforms and standardises. ONNX input: float [batch]. */
export interface NumberInput {
  readonly kind: 'number';
  readonly name: string;
  readonly entity: Entity;
  readonly clip: readonly [number | null, number | null] | null;
  readonly log1p: boolean;
  /** Mean of the training values after `clip` and `log1p`; 0 if the declaration does not standardise. */
  readonly mean: number;
  /** Standard deviation of the training values after `clip` and `log1p`; 1 if the declaration does not standardise. */
  readonly deviation: number;
}

/**
 * So many numbers, all of them NaN if missing, each of which the ONNX graph clips, transforms and standardises. ONNX
 * input: float [batch, length].
 */
export interface VectorInput {
  readonly kind: 'vector';
  readonly name: string;
  readonly entity: Entity;
  readonly length: number;
  readonly clip: readonly [number | null, number | null] | null;
  readonly log1p: boolean;
  /** Mean and standard deviation of each place, as those of a number. */
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** A number, NaN if missing, whose interval the ONNX graph finds and embeds. ONNX input: float [batch]. */
export interface QuantileInput {
  readonly kind: 'quantile';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
  /** Increasing float32 values; the row id is 1 + the number of boundaries below the value (boundary < value). */
  readonly boundaries: readonly number[];
}

/** Name of the file of a model's inputs, a list of `InputSpec`, in a model version. */
export const INPUTS_FILE = 'inputs.json';

/** An input of the model. */
export type InputSpec = IdInput | BagInput | SequenceInput | NumberInput | VectorInput | QuantileInput;

/** An input of numbers that are not embedded. */
export type NumericInput = NumberInput | VectorInput;

/** An input whose values are rows of an embedding table. */
export type EmbeddedInput = Extract<InputSpec, { readonly table: string }>;

/** Whether an input's values are rows of an embedding table. */
export function isEmbedded(input: InputSpec): input is EmbeddedInput {
  return 'table' in input;
}

/** Size of an embedding table, which is known once the encoder is fitted. */
export interface TableSpec {
  readonly name: string;
  /** Width of an embedding. */
  readonly dimension: number;
  /** Number of rows, including those for missing and unknown values. */
  readonly rows: number;
}

/** Encoded inputs of consecutive rows, column by column. The receiver may keep and change the arrays. */
export interface EncodedChunk {
  readonly rows: number;
  /** Row ids by name of the input: `rows` of them for an id, `rows * length` for a bag or sequence. */
  readonly ids: Readonly<Record<string, Int32Array>>;
  /** Weights by name of the bag or sequence: `rows * length`, before the combiner. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  /** Numbers by name of the input: `rows` of a number or quantile, `rows * length` of a vector. */
  readonly numbers: Readonly<Record<string, Float32Array>>;
}

/** The label of a row whose outcome is not final yet. */
export const UNKNOWN_LABEL = -1;
/** The parts that a log is split into. Their positions in this list are their numbers in SQL and in encoded rows. */
export const PARTS = ['train', 'validation', 'test'] as const;
/** Name of a part of a log. */
export type Part = (typeof PARTS)[number];

/** Encoded rows of a log with their labels, weights and parts, for training and evaluation. */
export interface LogChunk extends EncodedChunk {
  /** Position of each row in the log, from 0, over all its files in order. */
  readonly rowNumbers: Float64Array;
  /** Index into `PARTS`. */
  readonly part: Uint8Array;
  /** Labels by labelled stage: 1, 0 or `UNKNOWN_LABEL`. `inconsistent: and` is already applied. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  /**
   * Days from the row or the stage before to the event of a stage, as far as the log tells: the negative of the days
   * for which it was not seen, where it was not. By stage whose events have times and whose label is final later.
   */
  readonly delays: Readonly<Record<string, Float32Array>>;
  /** What each row counts for: its weight by the inverse of the rate at which such rows were kept. Above 0. */
  readonly weight: Float32Array;
  /** 53-bit hash of the group or, where that is missing, of the row's own number; `null` if no group is declared. */
  readonly group: Float64Array | null;
}

/** Returns the indices of a chunk's rows in a part. */
export function rowsOfPart({ part: parts }: Pick<LogChunk, 'part'>, part: Part): Uint32Array {
  const code = PARTS.indexOf(part);
  const rows = new Uint32Array(parts.length);
  let count = 0;
  for (let row = 0; row < parts.length; row++) if (parts[row] === code) rows[count++] = row;
  return rows.subarray(0, count);
}
