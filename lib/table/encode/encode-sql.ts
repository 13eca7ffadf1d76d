/** The SQL that encodes rows. Training and scoring use the same, over the same prepared columns. */

import type { Encoder } from '../encoder.ts';
import type { EncodedColumn, KnownBounds } from '../kinds/feature-kind.ts';
import { featureKind } from '../kinds/index.ts';

/** A column of the encoded rows. */
export interface InputColumn extends Omit<EncodedColumn, 'sql'> {
  /** Name of the input that the column belongs to. */
  readonly input: string;
}

/** The SQL that encodes all features of an encoder. */
export interface EncodeSql {
  /** SQL of the joins to the prepared rows. */
  readonly joins: string;
  /** SQL expressions, one for each of `columns`. */
  readonly select: readonly string[];
  readonly columns: readonly InputColumn[];
}

/**
 * Returns what to join to the prepared rows, and what to select from them.
 * @param bounds of the prepared columns, as far as they are known.
 */
export function encodeSql(encoder: Encoder, bounds: KnownBounds = new Map()): EncodeSql {
  const encoded = encoder.features.map((feature, index) => ({
    input: feature.name,
    ...featureKind(feature).encode(encoder, feature, index, bounds),
  }));
  return {
    joins: encoded.flatMap(({ joins }) => joins).join(' '),
    select: encoded.flatMap(({ columns }) => columns.map(({ sql }) => sql)),
    columns: encoded.flatMap(({ input, columns }) =>
      columns.map(({ field, type, length }) => ({ field, input, type, length })),
    ),
  };
}
