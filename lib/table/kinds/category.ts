/** Categories: one value of a finite set in each row. */
import type { CategoryFeature } from '../../config/declaration.ts';
import { columnOrConstant, type Relation, readOrConstant } from '../columns.ts';
import { columnCheck } from '../row-check.ts';
import { canonicalText } from '../values/canonical.ts';
import { isIntegerSql } from '../values/numbers.ts';
import { type FeatureKind, preparedName } from './feature-kind.ts';
import { idSourceKind } from './id-sources.ts';
import { oneText } from './one-text.ts';

/** How categories are read from files. */
export const category: FeatureKind<CategoryFeature> = {
  ...oneText,
  columns: ({ column, atScoring }) => [{ column, use: 'category', isWeights: false, atScoring }],
  checks(relation, feature, ids) {
    const value = columnOrConstant(relation, feature);
    if (ids === null || !idSourceKind(ids).isInteger || value.kind === 'integer') return [];
    const isBad = `NOT ${isIntegerSql(canonicalText(value))}`;
    return [columnCheck('id_not_integer', feature.column, value, isBad)];
  },
  prepare: (relation, feature, index) => [{ sql: valueSql(relation, feature), name: preparedName('text', index) }],
  probe: (_, texts) => [[null, ...texts]],
  canary: (_, text) => [text],
};

/** Integers stay what they are, since their digits are their canonical text. Parquet has none of more than 64 bits. */
function valueSql(relation: Relation, feature: CategoryFeature): string {
  const { sql, kind, type } = columnOrConstant(relation, feature);
  const isReplaced = relation.isScored === true && feature.atScoring != null;
  return kind === 'integer' && !isReplaced && !/^U?HUGEINT$/.test(type)
    ? sql
    : readOrConstant(relation, feature, canonicalText);
}
