/** The table of feature kinds: neither a kind without an object nor an object without one of its parts compiles. */
import type { Feature } from '../../config/declaration.ts';
import type { Relation } from '../columns.ts';
import { bag } from './bag.ts';
import { category } from './category.ts';
import { cross } from './cross.ts';
import type { FeatureColumn, FeatureKind, PreparedColumn } from './feature-kind.ts';
import { number } from './number.ts';

/** One object for every type of feature. */
export type FeatureKinds = {
  readonly [Type in Feature['type']]: FeatureKind<Extract<Feature, { readonly type: Type }>>;
};

export const FEATURE_KINDS: FeatureKinds = { category, bag, number, cross };

/** What there is to know of a feature's kind. Its functions are given features of that kind alone. */
export function featureKind({ type }: Feature): FeatureKind<Feature> {
  return FEATURE_KINDS[type];
}

/** Every column that a feature reads. */
export function featureColumns(feature: Feature): readonly FeatureColumn[] {
  return featureKind(feature).columns(feature);
}

/** Returns the columns that features are prepared in before they are encoded, in the order of the features. */
export function preparedColumns(relation: Relation, features: readonly Feature[]): PreparedColumn[] {
  return features.flatMap((feature, index) => featureKind(feature).prepare(relation, feature, index));
}

/** Names of the columns that hold a feature's values, those of weights left out. */
export function valueColumns(feature: Feature): string[] {
  return featureColumns(feature).flatMap(({ column, isWeights }) => (isWeights ? [] : column));
}
