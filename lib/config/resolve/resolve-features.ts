import type { EmbeddingTable, Feature } from '../declaration.ts';
import { resolveIdSource } from '../features/id-sources.ts';
import { type FeatureShape, featureKind } from '../features/kinds.ts';
import type { EmbeddingShape } from '../schema/schema.ts';

/** Returns every embedding table: the shared ones in the order of the file, then those of single features. */
export function resolveEmbeddings(
  shared: Readonly<Record<string, EmbeddingShape>>,
  features: Readonly<Record<string, FeatureShape>>,
): readonly EmbeddingTable[] {
  const own = Object.entries(features).flatMap(([name, feature]): readonly EmbeddingTable[] => {
    const table = featureKind(feature).table(feature);
    if (table === null || table.shared !== null || Object.hasOwn(shared, name)) return [];
    return [{ name, dimension: table.dimension, ids: table.ids }];
  });
  const declared = Object.entries(shared).map(([name, table]) => ({
    name,
    dimension: table.dimension,
    ids: resolveIdSource(table),
  }));
  return [...declared, ...own];
}

/** Returns the L2 penalties that tables declare for themselves, by table. */
export function resolvePenalties(
  shared: Readonly<Record<string, EmbeddingShape>>,
  features: Readonly<Record<string, FeatureShape>>,
): Readonly<Record<string, number>> {
  const declared = Object.entries({ ...features, ...shared });
  return Object.fromEntries(
    declared.flatMap(([name, shape]) => ('l2' in shape && shape.l2 !== undefined ? [[name, shape.l2]] : [])),
  );
}

/** Returns a feature with its defaults filled in. */
export function resolveFeature(name: string, feature: FeatureShape): Feature {
  return featureKind(feature).resolve(name, feature);
}
