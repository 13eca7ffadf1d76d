import type { EmbeddingTable, Feature, IdSource } from '../declaration.ts';
import type { EmbeddingShape, FeatureShape } from '../schema/schema.ts';

const DIMENSION = 18;

/** Name of the table that a feature embeds its values in, its own or a shared one; `null` for a plain number. */
export function tableOf(name: string, feature: FeatureShape): string | null {
  if (feature.type === 'number') return feature.quantiles === undefined ? null : name;
  return feature.embedding ?? name;
}

/** Every table: the shared ones in the order of the file, then those of single features. */
export function resolveEmbeddings(
  shared: Readonly<Record<string, EmbeddingShape>>,
  features: Readonly<Record<string, FeatureShape>>,
): readonly EmbeddingTable[] {
  const own = Object.entries(features).flatMap(([name, feature]): readonly EmbeddingTable[] => {
    if (tableOf(name, feature) !== name || Object.hasOwn(shared, name)) return [];
    return [{ name, dimension: feature.dimension ?? DIMENSION, ids: idsOf(feature) }];
  });
  const declared = Object.entries(shared).map(([name, table]) => ({
    name,
    dimension: table.dimension,
    ids: idSource(table),
  }));
  return [...declared, ...own];
}

/** A feature with its defaults. */
export function resolveFeature(name: string, feature: FeatureShape): Feature {
  const base = { name, column: feature.column ?? name, entity: feature.entity, ...atScoring(feature) };
  switch (feature.type) {
    case 'category':
      return { ...base, type: 'category', embedding: feature.embedding ?? name };
    case 'bag':
      return {
        ...base,
        type: 'bag',
        embedding: feature.embedding ?? name,
        delimiter: feature.delimiter ?? null,
        weights: feature.weights ?? null,
        combiner: feature.combiner,
        maxLength: feature.max_length,
      };
    case 'number':
      return {
        ...base,
        type: 'number',
        embedding: tableOf(name, feature),
        log1p: feature.log1p ?? false,
        standardize: feature.standardize ?? feature.quantiles === undefined,
        clip: feature.clip ?? null,
      };
    default:
      return feature satisfies never;
  }
}

function atScoring({ type, at_scoring: value }: FeatureShape): Pick<Feature, 'atScoring'> {
  if (value === undefined) return {};
  return { atScoring: value === null || (type === 'number' && typeof value === 'number') ? value : String(value) };
}

function idsOf(feature: FeatureShape): IdSource {
  if (feature.type !== 'number') return idSource(feature);
  return { kind: 'quantiles', count: feature.quantiles ?? 0 };
}

function idSource({ vocabulary, hash, ids }: Pick<EmbeddingShape, 'vocabulary' | 'hash' | 'ids'>): IdSource {
  if (ids !== undefined) return { kind: 'ids', size: ids };
  if (typeof hash === 'number') return { kind: 'hash', buckets: hash, seed: 0 };
  if (hash !== undefined) return { kind: 'hash', ...hash };
  return {
    kind: 'vocabulary',
    minCount: vocabulary?.min_count ?? 2,
    unknown: vocabulary?.unknown ?? 1,
    maxSize: vocabulary?.max_size ?? null,
  };
}
