/**
 * How the values of an embedding table become row ids, for each kind of id source. Row 0 is the missing value; the
 * unknown buckets follow, then the values. It is a compile-time error to leave out a kind, or a part of one.
 */
import type { IdSource } from '../../config/declaration.ts';
import type { Bounds } from '../columns.ts';
import { bucketSql } from '../hash.ts';

/** What fitting found for an embedding table. */
export interface FittedTable {
  /** Number of values in the vocabulary; 0 without one. */
  readonly vocabularySize: number;
  /** Number of boundaries between the intervals of a number. If several numbers use the table, the largest. */
  readonly boundaries: number;
}

/** How one kind of id source turns values into row ids. */
export interface IdSourceKind<Source extends IdSource> {
  /** Whether some values have no row of their own, but share those of unknown buckets. */
  readonly hasUnknown: boolean;
  /** Whether every value must be an integer. */
  readonly isInteger: boolean;
  /** Whether `idSql` is 0 for NULL. */
  readonly takesMissing: boolean;
  /** A text that is valid in a table of any size. */
  readonly anyText: string;
  /** Returns the first row id of a value. */
  firstId(source: Source): number;
  /** Returns the number of rows of the table. */
  rows(source: Source, fitted: FittedTable): number;
  /**
   * Returns the SQL of the row id, of type INTEGER, of a text that is not NULL. `known` is the SQL of the text's id in
   * the vocabulary, NULL for a text that is not in it; `null` without a vocabulary.
   * @param bounds of integers that stand for the texts, where they are known.
   */
  idSql(source: Source, text: string, known: string | null, bounds?: Bounds): string;
  /** Returns texts that another version of the code or of DuckDB may encode differently. */
  edgeCaseTexts(source: Source): readonly string[];
}

/** One object for every kind of source. */
export type IdSourceKinds = {
  readonly [Kind in IdSource['kind']]: IdSourceKind<Extract<IdSource, { readonly kind: Kind }>>;
};

const EDGE_CASE_TEXTS = [
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

/** How each kind of id source turns values into row ids. */
export const ID_SOURCE_KINDS: IdSourceKinds = {
  vocabulary: {
    hasUnknown: true,
    isInteger: false,
    takesMissing: false,
    anyText: '1',
    firstId: ({ unknown }) => 1 + unknown,
    rows: ({ unknown }, { vocabularySize }) => 1 + unknown + vocabularySize,
    idSql(source, text, known) {
      const unknown = `1 + ${bucketSql(0, text, source.unknown)}`;
      return `CAST(${known === null ? unknown : `COALESCE(${known}, ${unknown})`} AS INTEGER)`;
    },
    edgeCaseTexts: () => EDGE_CASE_TEXTS,
  },

  hash: {
    hasUnknown: false,
    isInteger: false,
    takesMissing: false,
    anyText: '1',
    firstId: () => 1,
    rows: ({ buckets }) => 1 + buckets,
    idSql: ({ seed, buckets }, text) => `CAST(1 + ${bucketSql(seed, text, buckets)} AS INTEGER)`,
    edgeCaseTexts: () => EDGE_CASE_TEXTS,
  },

  ids: {
    hasUnknown: true,
    isInteger: true,
    takesMissing: true,
    anyText: '0',
    firstId: () => 2,
    rows: ({ size }) => 2 + size,
    idSql({ size }, text, _known, bounds) {
      // DuckDB takes several times as long for a CASE, even for one of which it finds out that all rows are the first.
      if (bounds !== undefined && bounds[0] >= 0 && bounds[1] < size) return `CAST(${text} AS INTEGER) + 2`;
      // No id of a table exceeds INTEGER: larger values become NULL, for which no condition holds.
      const id = `TRY_CAST(${text} AS INTEGER)`;
      // What nearly all rows have comes first: DuckDB then looks no further.
      return `CASE WHEN ${id} BETWEEN 0 AND ${size - 1} THEN ${id} + 2 WHEN ${text} IS NULL THEN 0 ELSE 1 END`;
    },
    edgeCaseTexts: ({ size }) => ['0', '1', String(size - 1), String(size), '-1', '5.0', '9223372036854775808'],
  },

  quantiles: {
    hasUnknown: false,
    isInteger: false,
    takesMissing: false,
    anyText: '1',
    firstId: () => 1,
    rows: (_, { boundaries }) => 1 + boundaries + 1,
    idSql() {
      throw new RangeError('ids of quantiles are computed from the number, not from a text');
    },
    edgeCaseTexts: () => [],
  },
};

/** Returns how a source's kind works. Its functions take sources of that kind only, which is not checked. */
export function idSourceKind({ kind }: IdSource): IdSourceKind<IdSource> {
  return ID_SOURCE_KINDS[kind];
}

/** Returns the first row id of a value: the rows before are for the missing value and the unknown buckets. */
export function firstId(source: IdSource): number {
  return idSourceKind(source).firstId(source);
}
