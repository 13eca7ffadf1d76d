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
  prepare(relation, feature, index) {
    const value = ownValue(relation, feature);
    const sql = (value && integerSql(value)) ?? readOrConstant(relation, feature, canonicalText);
    return [{ sql, name: preparedName('text', index), bounds: value?.bounds }];
  },
  probe: (_, texts) => [[null, ...texts]],
  canary: (_, text) => [text],
};

/** Returns the feature's column, or the constant in its place; `null` if its missing values are replaced by another. */
function ownValue(relation: Relation, feature: CategoryFeature): Value | null {
  const isReplaced = feature.missing !== undefined || (relation.isScored === true && feature.atScoring != null);
  return isReplaced ? null : columnOrConstant(relation, feature);
}

/** Integers stay what they are, since their digits are their canonical text. Parquet has none of more than 64 bits. */
function integerSql({ sql, kind, type, integer }: Value): string | null {
  if (integer !== undefined) return integer;
  return kind === 'integer' && !/^U?HUGEINT$/.test(type) ? sql : null;
}
