/** Features and embedding tables as a file declares them. */
import type { Declaration, EmbeddingTable, Feature, IdSource } from '../declaration.ts';
import type { FeatureOf, FeatureType } from '../features/kinds.ts';
import { given, type Members } from './members.ts';

/** Returns the sections `embeddings` and `features`. */
export function featureSections({
  embeddings,
  features,
  training,
}: Pick<Declaration, 'embeddings' | 'features' | 'training'>): {
  readonly embeddings: Members;
  readonly features: Members;
} {
  const shared = sharedTables(embeddings, features);
  const tableOf = (table: EmbeddingTable) => given({ ...tableMembers(table), l2: training.l2Tables[table.name] });
  const own = new Map(embeddings.slice(shared.length).map((table) => [table.name, tableOf(table)]));
  return {
    embeddings: Object.fromEntries(shared.map((table) => [table.name, tableOf(table)])),
    features: Object.fromEntries(features.map((feature) => [feature.name, featureMembers(feature, own)])),
  };
}

/**
 * Returns the tables that the section `embeddings` has. Tables of single features follow it in the order of the
 * features, so that a last run of tables in that order can as well be the features' own.
 */
function sharedTables(embeddings: readonly EmbeddingTable[], features: readonly Feature[]): readonly EmbeddingTable[] {
  let end = embeddings.length;
  for (let before = features.length; end > 0; end -= 1) {
    const at = ownerOf(embeddings[end - 1] as EmbeddingTable, features);
    if (at === -1 || at >= before) break;
    before = at;
  }
  return embeddings.slice(0, end);
}

/** Position of the feature that is the only one with a table, and has its name; -1 for a table of another kind. */
function ownerOf({ name }: EmbeddingTable, features: readonly Feature[]): number {
  const users = features.filter(({ embedding }) => embedding === name);
  return users.length === 1 ? features.findIndex((feature) => feature.name === name && feature.embedding === name) : -1;
}

function tableMembers({ dimension, ids }: EmbeddingTable): Members {
  return { dimension, ...idMembers(ids) };
}

function idMembers(ids: IdSource): Members {
  switch (ids.kind) {
    case 'vocabulary':
      return { vocabulary: given({ min_count: ids.minCount, unknown: ids.unknown, max_size: ids.maxSize }) };
    case 'hash':
      return { hash: { buckets: ids.buckets, seed: ids.seed } };
    case 'ids':
      return { ids: ids.size };
    case 'quantiles':
      return { quantiles: ids.count };
  }
}

type OwnTables = ReadonlyMap<string, Members>;

/** The members of each kind of feature besides its type, its entity and its table. */
const MEMBERS: { readonly [Type in FeatureType]: (feature: FeatureOf<Type>) => Members } = {
  category: columnMembers,
  bag: (feature) => ({
    ...listMembers(feature),
    ...given({ weights: feature.weights }),
    combiner: feature.combiner,
  }),
  sequence: (feature) => ({ ...listMembers(feature), ...poolingMembers(feature) }),
  number: (feature) => ({
    ...columnMembers(feature),
    // Quantiles are those of the number as it is.
    ...(feature.embedding === null && numberMembers(feature)),
  }),
  vector: (feature) => ({
    ...columnMembers(feature),
    length: feature.length,
    ...given({ delimiter: feature.delimiter }),
    ...numberMembers(feature),
  }),
  cross: ({ of }) => {
    const constants = (key: 'atScoring' | 'missing') =>
      Object.fromEntries(of.flatMap((part) => (part[key] === undefined ? [] : [[part.column, part[key]]])));
    return { of: of.map(({ column }) => column), at_scoring: constants('atScoring'), missing: constants('missing') };
  },
};

function featureMembers(feature: Feature, own: OwnTables): Members {
  const { name, type, entity, embedding } = feature;
  // The function of the feature's own type.
  const members = MEMBERS[type] as (feature: Feature) => Members;
  const table = embedding === name ? own.get(name) : undefined;
  return { type, entity, ...members(feature), ...(table ?? given({ embedding })) };
}

interface ColumnFeature {
  readonly column: string;
  readonly atScoring?: string | number | null;
  readonly missing?: string | number;
}

function columnMembers({ column, atScoring, missing }: ColumnFeature): Members {
  return {
    column,
    // Null is a value here: a missing one.
    ...(atScoring !== undefined && { at_scoring: atScoring }),
    ...(missing !== undefined && { missing }),
  };
}

function listMembers(feature: FeatureOf<'bag' | 'sequence'>): Members {
  const { delimiter, maxLength, keep } = feature;
  return { ...columnMembers(feature), ...given({ delimiter }), max_length: maxLength, keep };
}

function numberMembers({ clip, log1p, standardize }: FeatureOf<'number' | 'vector'>): Members {
  return { ...given({ clip }), log1p, standardize };
}

function poolingMembers({ pooling }: FeatureOf<'sequence'>): Members {
  if (pooling === null) return { pooling: 'mean' };
  const { kind, to, units, positions } = pooling;
  return { pooling: kind, ...given({ to }), attention_units: units, ...(kind === 'attention' && { positions }) };
}
