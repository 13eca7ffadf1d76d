/** Numbers: the number is an input itself, or its interval between training quantiles is embedded. */
import type { NumberFeature } from '../../config/declaration.ts';
import { columnOrConstant, readOrConstant } from '../columns.ts';
import type { InputSpec } from '../encoded.ts';
import { columnCheck } from '../row-check.ts';
import { LARGEST_FLOAT, numberSql } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { type FeatureKind, type FeatureStatistics, preparedName } from './feature-kind.ts';

/** Numbers that another version of the code or of DuckDB may read differently. */
const EDGE_CASE_NUMBERS = ['0', '-0.0', '0.1', '-1.5', '1e-3', '16777217', '1e-46', '3.4e38', '5', '5.0'];
const PROBED_BOUNDARIES = 12;

/** How numbers are read from files. */
export const number: FeatureKind<NumberFeature> = {
  isMultiValued: false,
  scale: 'ordered',
  columns: ({ column, atScoring }) => [{ column, use: 'number', isWeights: false, atScoring }],
  checks(relation, feature) {
    const { column } = feature;
    const value = columnOrConstant(relation, feature);
    const sql = numberSql(value);
    const isNotNumeric = `(${presentSql(value)} AND ${sql} IS NULL)`;
    const isNotFinite = `(NOT isfinite(${sql}) OR abs(${sql}) > ${LARGEST_FLOAT})`;
    return [
      ...(value.kind === 'text' ? [columnCheck('number_not_numeric', column, value, isNotNumeric)] : []),
      columnCheck('number_not_finite', column, value, isNotFinite),
    ];
  },
  prepare(relation, feature, index) {
    const value = readOrConstant(relation, feature, numberSql);
    return [{ sql: `TRY_CAST(${value} AS FLOAT)`, name: preparedName('number', index) }];
  },
  prepareCounts: () => [],
  encode(_encoder, _feature, index) {
    const sql = `COALESCE(${preparedName('number', index)}, CAST('NaN' AS FLOAT))`;
    return { joins: [], columns: [{ sql, field: 'numbers', type: 'FLOAT', length: null }] };
  },
  eachValue: (index) => preparedName('number', index),
  input,
  probe(_feature, _texts, input) {
    const boundaries = input?.kind === 'quantile' ? input.boundaries.slice(0, PROBED_BOUNDARIES).map(String) : [];
    return [[null, ...EDGE_CASE_NUMBERS, ...boundaries]];
  },
  canary: () => ['CAST(1 AS DOUBLE)'],
};

function input(feature: NumberFeature, { number: statistics }: FeatureStatistics): InputSpec {
  if (statistics === undefined) throw new RangeError(`number ${feature.name} has not been measured`);
  const { name, entity, embedding, clip, log1p, standardize } = feature;
  const { mean, deviation, boundaries } = statistics;
  if (embedding !== null) return { kind: 'quantile', name, entity, table: embedding, boundaries };
  const moments = standardize ? { mean, deviation: deviation === 0 ? 1 : deviation } : { mean: 0, deviation: 1 };
  return { kind: 'number', name, entity, clip, log1p, ...moments };
}
