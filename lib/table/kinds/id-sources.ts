/**
 * How the values of an embedding table become row ids: an object for each source, and none without one of its parts
 * compiles. Row 0 is the missing value; then come the unknown buckets, then the values.
 */
import type { IdSource } from '../../config/declaration.ts';
import { bucketSql } from '../hash.ts';

/** What a table was fitted to. */
export interface FittedTable {
  /** Values of its vocabulary; 0 without one. */
  readonly vocabularySize: number;
  /** Boundaries between the intervals of a number; of several numbers, the most. */
  readonly boundaries: number;
}

export interface IdSourceKind<Source extends IdSource> {
  /** Whether a value may lack a row of its own, so that it falls in an unknown bucket. */
  readonly hasUnknown: boolean;
  /** Whether every value must be an integer. */
  readonly isInteger: boolean;
  /** Text that a table of any size has a row for, be it an unknown bucket's. */
  readonly anyText: string;
  /** The first row id of a value. */
  firstId(source: Source): number;
  /** Rows of the table. */
  rows(source: Source, fitted: FittedTable): number;
  /** SQL of the row id, BIGINT, of a text that is not NULL; `known` is its id in the vocabulary, NULL where it has none. */
  idSql(source: Source, text: string, known: string | null): string;
  /** Texts that encoders have been known to disagree about. */
  awkwardTexts(source: Source): readonly string[];
}

/** One object for every kind of source. */
export type IdSourceKinds = {
  readonly [Kind in IdSource['kind']]: IdSourceKind<Extract<IdSource, { readonly kind: Kind }>>;
};

const AWKWARD_TEXTS = [
  '',
  'no such value',
  '5',
  '5.0',
  '-7.00',
  '0',
  '1e3',
  'true',
  'False',
  'TRUE',
  '18446744073709551616',
  ' padded ',
  'naïve 日本 🎉',
  `quoted "'`,
];

export const ID_SOURCE_KINDS: IdSourceKinds = {
  vocabulary: {
    hasUnknown: true,
    isInteger: false,
    anyText: '1',
    firstId: ({ unknown }) => 1 + unknown,
    rows: ({ unknown }, { vocabularySize }) => 1 + unknown + vocabularySize,
    idSql(source, text, known) {
      const unknown = `1 + ${bucketSql(0, text, source.unknown)}`;
      return `CAST(${known === null ? unknown : `COALESCE(${known}, ${unknown})`} AS BIGINT)`;
    },
    awkwardTexts: () => AWKWARD_TEXTS,
  },

  hash: {
    hasUnknown: false,
    isInteger: false,
    anyText: '1',
    firstId: () => 1,
    rows: ({ buckets }) => 1 + buckets,
    idSql: ({ seed, buckets }, text) => `CAST(1 + ${bucketSql(seed, text, buckets)} AS BIGINT)`,
    awkwardTexts: () => AWKWARD_TEXTS,
  },

  ids: {
    hasUnknown: true,
    isInteger: true,
    anyText: '0',
    firstId: () => 2,
    rows: ({ size }) => 2 + size,
    idSql({ size }, text) {
      const id = `TRY_CAST(${text} AS BIGINT)`;
      return `CASE WHEN ${id} >= 0 AND ${id} < ${size} THEN ${id} + 2 ELSE CAST(1 AS BIGINT) END`;
    },
    awkwardTexts: ({ size }) => ['0', '1', String(size - 1), String(size), '-1', '5.0', '9223372036854775808'],
  },

  quantiles: {
    hasUnknown: false,
    isInteger: false,
    anyText: '1',
    firstId: () => 1,
    rows: (_, { boundaries }) => 1 + boundaries + 1,
    idSql() {
      throw new RangeError('ids of quantiles are computed from the number, not from a text');
    },
    awkwardTexts: () => [],
  },
};

/** What there is to know of a source's kind. Its functions are given sources of that kind alone. */
export function idSourceKind({ kind }: IdSource): IdSourceKind<IdSource> {
  return ID_SOURCE_KINDS[kind];
}

/** The first row id of a value: 0 is missing, then come the unknown buckets. */
export function firstId(source: IdSource): number {
  return idSourceKind(source).firstId(source);
}
