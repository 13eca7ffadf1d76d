/** Categories: one value of a finite set in each row. */
import type { CategoryFeature } from '../../config/declaration.ts';
import { columnOrConstant, type Relation, readOrConstant, type Value } from '../columns.ts';
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
    if (ids === null || !idSourceKind(ids).isInteger || integerSql(value) !== null) return [];
    const isBad = `NOT ${isIntegerSql(canonicalText(value))}`;
    return [columnCheck('id_not_integer', feature.column, value, isBad)];
  },
  prepare: (relation, feature, index) => [{ sql: valueSql(relation, feature), name: preparedName('text', index) }],
  probe: (_, texts) => [[null, ...texts]],
  canary: (_, text) => [text],
};

function valueSql(relation: Relation, feature: CategoryFeature): string {
  const isReplaced = feature.missing !== undefined || (relation.isScored === true && feature.atScoring != null);
  const integer = isReplaced ? null : integerSql(columnOrConstant(relation, feature));
  return integer ?? readOrConstant(relation, feature, canonicalText);
}

/** Integers stay what they are, since their digits are their canonical text. Parquet has none of more than 64 bits. */
function integerSql({ sql, kind, type, integer }: Value): string | null {
  if (integer !== undefined) return integer;
  return kind === 'integer' && !/^U?HUGEINT$/.test(type) ? sql : null;
}
