/** Vectors: so many numbers in each row, of a list column or of text with a delimiter. */
import type { VectorFeature } from '../../config/features/vector.ts';
import { columnOrConstant, type Relation, readOrConstant, type Value } from '../columns.ts';
import { literal } from '../database.ts';
import type { InputSpec } from '../encoded.ts';
import { columnCheck } from '../row-check.ts';
import { bind } from '../values/bind.ts';
import { listItems } from '../values/lists.ts';
import { LARGEST_FLOAT, numberSql } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { type EncodedColumn, type FeatureKind, type FeatureStatistics, preparedName } from './feature-kind.ts';

/** Numbers that another version of the code or of DuckDB may read differently. */
const EDGE_CASE_NUMBERS = ['0.1', '-1.5', '1e-3', '16777217', '3.4e38', '5.0', '-0.0'];
const NAN = `CAST('NaN' AS FLOAT)`;

/** How vectors are read from files. */
export const vector: FeatureKind<VectorFeature> = {
  isMultiValued: true,
  scale: 'ordered',
  columns: ({ column, delimiter, atScoring }) => [
    { column, use: delimiter === null ? 'vector' : 'delimited', isWeights: false, atScoring },
  ],
  checks(relation, feature) {
    const { column, length, delimiter, missing } = feature;
    const value = columnOrConstant(relation, feature);
    if (value.isConstant) return [];
    const { items, item } = itemsOf(value, feature);
    const isNoList = `${presentSql(value)} AND ${items} IS NULL`;
    const isOtherLength = `len(${items}) NOT IN (0, ${length})`;
    const number = numberSql(item);
    const isPresent = presentSql(item);
    const isNoNumber = [
      `COALESCE(${isPresent}, false) AND ${number} IS NULL`,
      `COALESCE(NOT isfinite(${number}) OR abs(${number}) > ${LARGEST_FLOAT}, false)`,
      ...(missing === undefined ? [`NOT COALESCE(${isPresent}, false)`] : []),
    ];
    const isNotValid = `len(list_filter(${items}, lambda x: ${isNoNumber.map((sql) => `(${sql})`).join(' OR ')})) > 0`;
    return [
      ...(delimiter === null && value.kind === 'text'
        ? [columnCheck('list_not_written', column, value, isNoList)]
        : []),
      columnCheck('vector_length', column, value, isOtherLength, `${length} values`),
      columnCheck('vector_not_valid', column, value, isNotValid),
    ];
  },
  prepare: (relation, feature, index) => [{ sql: vectorSql(relation, feature), name: preparedName('list', index) }],
  prepareCounts: (relation, feature, index) => [
    { sql: `CAST(list_avg(${vectorSql(relation, feature)}) AS FLOAT)`, name: preparedName('number', index) },
  ],
  encode: (_encoder, feature, index) => ({ joins: [], columns: [vectorColumn(feature, index)] }),
  eachValue: (index) => preparedName('number', index),
  input,
  probe(feature) {
    const { length, delimiter } = feature;
    const texts = EDGE_CASE_NUMBERS.filter((text) => delimiter === null || !text.includes(delimiter));
    const vectors = texts.map((_, from) =>
      Array.from({ length }, (_, place) => texts[(from + place) % texts.length] as string),
    );
    return [[null, ...vectors.map((items) => (delimiter === null ? items : items.join(delimiter)))]];
  },
  canary: ({ length, delimiter }) => [
    delimiter === null
      ? `list_resize(CAST([] AS FLOAT[]), ${length}, CAST(1 AS FLOAT))`
      : literal(Array.from({ length }, () => '1').join(delimiter)),
  ],
};

/** Returns the column of a vector over its prepared list; all of its values are NaN if it is missing. */
export function vectorColumn({ length }: VectorFeature, index: number): EncodedColumn & { readonly length: number } {
  const filled = `list_resize(COALESCE(${preparedName('list', index)}, []), ${length}, ${NAN})`;
  return { sql: `CAST(${filled} AS FLOAT[${length}])`, field: 'numbers', type: 'FLOAT', length };
}

/** Returns the SQL of a row's values as FLOAT[]; NULL for a missing vector. */
function vectorSql(relation: Relation, feature: VectorFeature): string {
  const { length, missing } = feature;
  const otherwise = missing === undefined ? NAN : `CAST(${missing} AS FLOAT)`;
  return readOrConstant(relation, feature, (value) => {
    if (value.isConstant)
      return bind(
        'constant',
        `TRY_CAST(${numberSql(value)} AS FLOAT)`,
        (number) => `CASE WHEN ${number} IS NOT NULL THEN list_resize(CAST([] AS FLOAT[]), ${length}, ${number}) END`,
      );
    const { items, item } = itemsOf(value, feature);
    return bind(
      'items',
      items,
      (all) =>
        `CASE WHEN len(${all}) > 0 THEN list_transform(${all}, lambda x: COALESCE(TRY_CAST(${numberSql(item)} AS FLOAT), ${otherwise})) END`,
    );
  });
}

/**
 * Returns the SQL of the items of a vector, and an item as a value of the name `x`. A delimiter after the last item ends
 * it, unless there would then be one too few: the last one is then empty.
 */
function itemsOf(value: Value, { delimiter, length }: VectorFeature): { readonly items: string; readonly item: Value } {
  const { items, item } = listItems(value, delimiter, 'x');
  if (delimiter === null || value.kind === 'list') return { items, item };
  const isOneTooFew = (all: string) =>
    `len(${all}) = ${length - 1} AND ends_with(CAST(${value.sql} AS VARCHAR), ${literal(delimiter)})`;
  return {
    items: bind('few', items, (all) => `CASE WHEN ${isOneTooFew(all)} THEN list_append(${all}, '') ELSE ${all} END`),
    item,
  };
}

function input(
  { name, entity, length, clip, log1p, standardize }: VectorFeature,
  { vector: statistics }: FeatureStatistics,
): InputSpec {
  if (statistics === undefined) throw new RangeError(`vector ${name} has not been measured`);
  const { means, deviations } = statistics;
  const shape = { kind: 'vector', name, entity, length, clip, log1p } as const;
  return standardize
    ? { ...shape, means, deviations: deviations.map((deviation) => (deviation === 0 ? 1 : deviation)) }
    : { ...shape, means: means.map(() => 0), deviations: means.map(() => 1) };
}
