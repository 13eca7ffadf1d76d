/** One id a row. */
import * as tf from '@tensorflow/tfjs-core';
import type { IdInput } from '../../table/encoded.ts';
import type { EmbeddedKind } from './input-kind.ts';

export const id: EmbeddedKind<IdInput> = {
  hasCoefficients: false,
  idsPerRow: () => 1,
  graphInputs: ({ name }) => [{ name, shape: ['batch'], type: 'int64' }],
  writeRow({ name }, { ids }, row, into, at) {
    (into.ids[name] as Int32Array)[at] = Number(ids[name]?.[row]);
  },
  embed: ({ name }, table, encoded) => tf.gather(table, encoded[name] as tf.Tensor),
};
