/**
 * Encoded rows: what lies between the log and the model. The same inputs, in the same encoding, are used in training,
 * in the published ONNX model and in scoring; `inputs.json` of a model version is a list of `InputSpec`.
 *
 * Row ids of an embedding table: 0 is missing, 1 .. u the unknown buckets, then the values.
 */
import type { Entity } from '../config/declaration.ts';

/** One id a row. ONNX input: int64 [batch]. */
export interface IdInput {
  readonly kind: 'id';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
}

/** Up to `length` ids a row. ONNX inputs: int64 [batch, length], and float `<name>_weights` [batch, length], 0 where padded. */
export interface BagInput {
  readonly kind: 'bag';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
  readonly length: number;
  /** sum: sum of w e; mean: that over sum of w; sqrtn: that over the root of the sum of w squared. An empty bag is the row 0. */
  readonly combiner: 'sum' | 'mean' | 'sqrtn';
}

/** An untransformed number, NaN where missing. ONNX input: float [batch]. The transform belongs to the graph. */
export interface NumberInput {
  readonly kind: 'number';
  readonly name: string;
  readonly entity: Entity;
  readonly clip: readonly [number | null, number | null] | null;
  readonly log1p: boolean;
  /** Of the clipped, log1p'd training values; 0 and 1 where the declaration does not standardise. */
  readonly mean: number;
  readonly deviation: number;
}

/** An untransformed number whose interval is embedded, NaN where missing. ONNX input: float [batch]. */
export interface QuantileInput {
  readonly kind: 'quantile';
  readonly name: string;
  readonly entity: Entity;
  readonly table: string;
  /** Increasing float32 values; the row id is 1 + the number of boundaries below the value (boundary < value). */
  readonly boundaries: readonly number[];
}

export type InputSpec = IdInput | BagInput | NumberInput | QuantileInput;

/** An input whose values are rows of an embedding table. */
export type EmbeddedInput = Extract<InputSpec, { readonly table: string }>;

export function isEmbedded(input: InputSpec): input is EmbeddedInput {
  return 'table' in input;
}

/** Size of an embedding table once the encoder is fitted. */
export interface TableSpec {
  readonly name: string;
  readonly dimension: number;
  /** Rows, those for missing and unknown included. */
  readonly rows: number;
}

/** Encoded inputs of consecutive rows, column by column. The arrays belong to whoever receives the chunk. */
export interface EncodedChunk {
  readonly rows: number;
  /** By input name: `rows` values for an id, `rows * length` for a bag. */
  readonly ids: Readonly<Record<string, BigInt64Array>>;
  /** By bag name: `rows * length` weights before the combiner. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  /** By input name of kinds `number` and `quantile`. */
  readonly numbers: Readonly<Record<string, Float32Array>>;
}

/**
 * The ids as pairs of 32-bit words, the same memory: word 2 i holds id i, as long as ids are below 2^31, and word 2 i + 1
 * is 0. To read ids as bigints would make an object of each.
 */
export function idWords({ buffer, byteOffset, length }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length);
}

export const UNKNOWN_LABEL = -1;
export const PARTS = ['train', 'validation', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** Encoded rows of a log, with what training and evaluation need besides. */
export interface LogChunk extends EncodedChunk {
  /** Position of each row in the log, from 0, over all its files in order. */
  readonly rowNumbers: Float64Array;
  /** Index into `PARTS`. */
  readonly part: Uint8Array;
  /** By labelled stage: 1, 0 or `UNKNOWN_LABEL` (not mature yet). `inconsistent: and` is already applied. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  /** 1 / the rate at which such rows were kept; 1 in a full log. */
  readonly weight: Float32Array;
}
