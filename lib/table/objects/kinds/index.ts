/** The kinds of features, encoded from objects. It is a compile-time error to leave out a kind. */
import type { Feature } from '../../../config/declaration.ts';
import { type Encoder, embeddingTable } from '../../encoder.ts';
import { idSourceKind } from '../../kinds/id-sources.ts';
import type { RowIds } from '../row-ids.ts';
import type { Constants } from './constants.ts';
import { bag, sequence } from './lists.ts';
import { number } from './number.ts';
import type { FeatureSite, ObjectFeature, ObjectKind } from './object-kind.ts';
import { category, cross } from './one-value.ts';
import { vector } from './vector.ts';

/** One object for every type of feature. */
type ObjectKinds = { readonly [Type in Feature['type']]: ObjectKind<Extract<Feature, { readonly type: Type }>> };

const OBJECT_KINDS: ObjectKinds = { category, bag, sequence, number, vector, cross };

/** Returns how a feature is encoded. */
export function objectFeature(
  encoder: Encoder,
  feature: Feature,
  rowIds: ReadonlyMap<string, RowIds>,
  constants: Constants,
): ObjectFeature {
  const kind: ObjectKind<Feature> = OBJECT_KINDS[feature.type];
  return kind.bind(feature, { ...embeddedBy(encoder, feature, rowIds), constants });
}

function embeddedBy(
  encoder: Encoder,
  { embedding }: Feature,
  rowIds: ReadonlyMap<string, RowIds>,
): Pick<FeatureSite, 'rowIds' | 'isInteger'> {
  const ids = embedding === null ? undefined : rowIds.get(embedding);
  if (embedding === null || ids === undefined) return { rowIds: () => 0, isInteger: false };
  return { rowIds: ids, isInteger: idSourceKind(embeddingTable(encoder, embedding).ids).isInteger };
}
