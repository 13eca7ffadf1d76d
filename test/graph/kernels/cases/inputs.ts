/** The inputs that the cases of the kernels are functions of. Their values are formulas, at any number of rows. */
import * as tf from '@tensorflow/tfjs-core';
import type { TracedInput } from '../../../../lib/graph/trace.ts';

/** The inputs of a case, by name. */
export interface Inputs {
  /** [batch, 6], between -2 and 2, away from whole numbers and from each other. */
  readonly x: tf.Tensor;
  /** [batch, 6], likewise. */
  readonly v: tf.Tensor;
  /** [batch, 1]. */
  readonly z: tf.Tensor;
  /** [6]. */
  readonly y: tf.Tensor;
  /** No axes. */
  readonly c: tf.Tensor;
  /** [batch, 4, 3]. */
  readonly m: tf.Tensor;
  /** [batch, 3, 5]. */
  readonly n: tf.Tensor;
  /** [3, 5]. */
  readonly w: tf.Tensor;
  /** [4, 6]: a table of rows to look up. */
  readonly table: tf.Tensor;
  /** [batch, 10]: signed zeros, infinities, NaN, and numbers of every size. */
  readonly s: tf.Tensor;
  /** [batch, 10]: the same, so that each number meets each other within ten rows. */
  readonly u: tf.Tensor;
  /** [batch, 6], int32, between -5 and 5. */
  readonly i: tf.Tensor;
  /** [batch, 6], int32, between -3 and 3. */
  readonly j: tf.Tensor;
  /** [batch, 2], int32, between 0 and 3. */
  readonly ids: tf.Tensor;
  /** [batch], int64 in the graph, between 0 and 3. */
  readonly rows: tf.Tensor;
  /** [batch, 6], of booleans. */
  readonly p: tf.Tensor;
  /** [batch, 6], of booleans. */
  readonly q: tf.Tensor;
}

const SPECIAL = [0, -0, 1, -1, 2.5, -0.5, 1e-6, -1e-6, 1e-3, -30, 30, 88, -88, 1e4, 3e-30, -1e30, 6.5, -3.5].concat([
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0.25,
  -0.25,
  1 / 3,
]);

interface Input {
  readonly shape: readonly (number | 'batch')[];
  readonly type: TracedInput['type'];
  /** The element at a position of the elements in row-major order. */
  readonly value: (i: number) => number;
}

const waves = (shape: Input['shape'], speed: number): Input => ({
  shape,
  type: 'float32',
  value: (i) => Math.sin(i * speed + 0.3) * 1.9 + 0.013,
});

const INPUTS: Readonly<Record<keyof Inputs, Input>> = {
  x: waves(['batch', 6], 1.7),
  v: waves(['batch', 6], 2.3),
  z: waves(['batch', 1], 0.9),
  y: waves([6], 1.1),
  c: waves([], 0),
  m: waves(['batch', 4, 3], 1.3),
  n: waves(['batch', 3, 5], 2.9),
  w: waves([3, 5], 0.7),
  table: waves([4, 6], 1.9),
  s: { shape: ['batch', 10], type: 'float32', value: (i) => SPECIAL[i % SPECIAL.length] as number },
  u: {
    shape: ['batch', 10],
    type: 'float32',
    value: (i) => SPECIAL[(Math.floor(i / SPECIAL.length) * 7 + i * 5) % SPECIAL.length] as number,
  },
  i: { shape: ['batch', 6], type: 'int32', value: (i) => ((i * 7) % 11) - 5 },
  j: { shape: ['batch', 6], type: 'int32', value: (i) => ((i * 3) % 7) - 3 },
  ids: { shape: ['batch', 2], type: 'int32', value: (i) => (i * 3) % 4 },
  rows: { shape: ['batch'], type: 'int64', value: (i) => (i * 5 + 1) % 4 },
  p: { shape: ['batch', 6], type: 'bool', value: (i) => Number(i % 3 === 0) },
  q: { shape: ['batch', 6], type: 'bool', value: (i) => Number(i % 4 < 2) },
};

/** The names of all inputs. */
export const INPUT_NAMES = Object.keys(INPUTS) as (keyof Inputs)[];

/** The inputs of a trace. */
export const TRACED_INPUTS: readonly TracedInput[] = INPUT_NAMES.map((name) => {
  const { shape, type } = INPUTS[name];
  return { name, shape, type };
});

/** Returns an input at a number of rows: its shape, and its elements as onnxruntime takes them. */
export function inputData(name: keyof Inputs, rows: number) {
  const { shape, type, value } = INPUTS[name];
  const sizes = shape.map((size) => (size === 'batch' ? rows : size));
  const values = Array.from({ length: tf.util.sizeFromShape(sizes) }, (_, i) => value(i));
  switch (type) {
    case 'float32':
      return { shape: sizes, data: Float32Array.from(values), dtype: 'float32' as const };
    case 'int32':
      return { shape: sizes, data: Int32Array.from(values), dtype: 'int32' as const };
    case 'int64':
      return { shape: sizes, data: BigInt64Array.from(values, BigInt), dtype: 'int32' as const };
    case 'bool':
      return { shape: sizes, data: Uint8Array.from(values), dtype: 'bool' as const };
  }
}

/** Returns the inputs at a number of rows as tensors. */
export function inputTensors(rows: number): Inputs {
  const tensors = INPUT_NAMES.map((name) => {
    const { shape, data, dtype } = inputData(name, rows);
    return [name, tf.tensor(Array.from(data as Float32Array, Number), shape, dtype)] as const;
  });
  return Object.fromEntries(tensors) as unknown as Inputs;
}
