/** One id per row. */
import * as tf from '@tensorflow/tfjs-core';
import type { IdInput } from '../../table/encoded.ts';
import type { EmbeddedKind } from './input-kind.ts';

/** Single ids, which are rows of their table in a training batch and in the scoring graph. */
export const id: EmbeddedKind<IdInput> = {
  hasCoefficients: false,
  idsPerRow: () => 1,
  isPooled: true,
  graphInputs: ({ name }) => [{ name, shape: ['batch'], type: 'int64' }],
  writeRows({ name }, { ids }, rows, into, at) {
    const [source, target] = [ids[name] as Int32Array, into.ids[name] as Int32Array];
    for (let i = 0; i < rows.length; i++) target[at + i] = source[rows[i] as number] as number;
  },
  embed: ({ name }, table, encoded) => tf.gather(table, encoded[name] as tf.Tensor),
};
