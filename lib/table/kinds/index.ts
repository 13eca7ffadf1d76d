/** The kinds of features. It is a compile-time error to leave out the object of a kind, or a part of an object. */
import type { Feature } from '../../config/declaration.ts';
import type { Relation } from '../columns.ts';
import { bag } from './bag.ts';
import { category } from './category.ts';
import { cross } from './cross.ts';
import type { FeatureColumn, FeatureKind, PreparedColumn } from './feature-kind.ts';
import { number } from './number.ts';
import { sequence } from './sequence.ts';
import { vector } from './vector.ts';

/** One object for every type of feature. */
export type FeatureKinds = {
  readonly [Type in Feature['type']]: FeatureKind<Extract<Feature, { readonly type: Type }>>;
};

/** How each kind of feature is read from files. */
export const FEATURE_KINDS: FeatureKinds = { category, bag, sequence, number, vector, cross };

/** Returns how a feature's kind is read. Its functions take features of that kind only, which is not checked. */
export function featureKind({ type }: Feature): FeatureKind<Feature> {
  return FEATURE_KINDS[type];
}

/** Returns every column that a feature reads. */
export function featureColumns(feature: Feature): readonly FeatureColumn[] {
  return featureKind(feature).columns(feature);
}

/** Returns the columns that features are prepared in before they are encoded, in the order of the features. */
export function preparedColumns(relation: Relation, features: readonly Feature[]): PreparedColumn[] {
  return features.flatMap((feature, index) => featureKind(feature).prepare(relation, feature, index));
}

/** Returns the names of the columns that hold a feature's values, not of those that hold weights. */
export function valueColumns(feature: Feature): string[] {
  return featureColumns(feature).flatMap(({ column, isWeights }) => (isWeights ? [] : column));
}
