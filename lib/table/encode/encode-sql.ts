/**
 * The one SQL that encodes, for training and scoring alike, in two layers: rows prepared (canonical texts, float32
 * numbers, lists) and, over those, ids.
 */

import type { Encoder } from '../encoder.ts';
import type { EncodedColumn } from '../kinds/feature-kind.ts';
import { featureKind } from '../kinds/index.ts';

/** A column of the encoded rows, and the input that it belongs to. */
export interface InputColumn extends Omit<EncodedColumn, 'sql'> {
  readonly input: string;
}

export interface EncodeSql {
  readonly joins: string;
  /** One for each of `columns`. */
  readonly select: readonly string[];
  readonly columns: readonly InputColumn[];
}

/** What to join to the prepared rows and select from them. */
export function encodeSql(encoder: Encoder): EncodeSql {
  const encoded = encoder.features.map((feature, index) => ({
    input: feature.name,
    ...featureKind(feature).encode(encoder, feature, index),
  }));
  return {
    joins: encoded.flatMap(({ joins }) => joins).join(' '),
    select: encoded.flatMap(({ columns }) => columns.map(({ sql }) => sql)),
    columns: encoded.flatMap(({ input, columns }) =>
      columns.map(({ place, type, length }) => ({ place, input, type, length })),
    ),
  };
}
