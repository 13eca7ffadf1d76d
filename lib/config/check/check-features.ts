import type { Mistake, Path } from '../declaration-error.ts';
import { unknownName } from '../patterns.ts';
import { resolveEmbeddings, tableOf } from '../resolve/resolve-features.ts';
import type { Draft } from '../schema/draft.ts';
import { type FeatureShape, ID_SOURCES } from '../schema/schema.ts';

type Numeric = Extract<FeatureShape, { readonly type: 'number' }>;
type Embedded = Exclude<FeatureShape, Numeric>;

/** Checks the features, their tables, and that the two fit each other. */
export function checkFeatures(draft: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {} } = draft.file;
  return [
    ...Object.entries(embeddings).flatMap(([name, table]) => checkIdSource(['embeddings', name], table)),
    ...Object.entries(features).flatMap(([name, feature]) => checkFeature(draft, name, feature)),
    ...checkUnused(draft),
    ...checkDimensions(draft),
    ...checkAny(draft),
  ];
}

function checkFeature(draft: Draft, name: string, feature: FeatureShape): readonly Mistake[] {
  const path = ['features', name];
  const shared = draft.names('embeddings');
  const own = feature.type === 'number' ? checkNumber(path, feature) : checkEmbedded(path, feature, shared);
  const isShared = feature.type !== 'number' && feature.embedding !== undefined;
  if (isShared || tableOf(name, feature) === null || !shared.includes(name)) return own;
  if (!draft.isSound(`features.${name}`)) return own;
  const wanted = feature.type === 'number' ? 'another name' : `embedding: ${name}, or another name`;
  return [...own, { path, message: `its own table would have the name of embeddings.${name}, expected ${wanted}` }];
}

function checkEmbedded(path: Path, feature: Embedded, shared: readonly string[]): readonly Mistake[] {
  const { embedding } = feature;
  if (embedding === undefined) return checkIdSource(path, feature);
  if (!shared.includes(embedding)) {
    return [{ path: [...path, 'embedding'], message: unknownName('table in embeddings', embedding, shared) }];
  }
  return (['dimension', ...ID_SOURCES] as const)
    .filter((member) => feature[member] !== undefined)
    .map((member) => ({
      path: [...path, member],
      message: `got ${member} beside embedding: ${embedding}, expected it in embeddings.${embedding}`,
    }));
}

function checkNumber(path: Path, feature: Numeric): readonly Mistake[] {
  if (feature.quantiles === undefined) {
    if (feature.dimension === undefined) return [];
    return [{ path: [...path, 'dimension'], message: 'got dimension without quantiles, expected both or neither' }];
  }
  return (['clip', 'log1p', 'standardize'] as const)
    .filter((member) => feature[member] !== undefined && feature[member] !== false)
    .map((member) => ({
      path: [...path, member],
      message: `got ${member} beside quantiles, which it does not change, expected one of them`,
    }));
}

function checkIdSource(path: Path, table: { readonly [Source in (typeof ID_SOURCES)[number]]?: unknown }) {
  const given = ID_SOURCES.filter((source) => table[source] !== undefined);
  const [first, ...others] = given;
  return others.map((source) => ({
    path: [...path, source],
    message: `got ${source} beside ${first}, expected one of ${ID_SOURCES.join(', ')}`,
  }));
}

function checkUnused(draft: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {} } = draft.file;
  if (!draft.isSound('features')) return [];
  const used = Object.entries(features).map(([name, feature]) => tableOf(name, feature));
  return Object.keys(embeddings)
    .filter((name) => !used.includes(name))
    .map((name) => ({ path: ['embeddings', name], message: 'no feature uses this table, expected one or no table' }));
}

/** Embeddings that are summed have one width. */
function checkDimensions(draft: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {}, model } = draft.file;
  if (model?.fields !== 'sum_by_entity' || !draft.isSound('embeddings') || !draft.isSound('features')) return [];
  const tables = new Map(resolveEmbeddings(embeddings, features).map(({ name, dimension }) => [name, dimension]));
  const fields = Object.entries(features).flatMap(([name, feature]) => {
    const dimension = tables.get(tableOf(name, feature) ?? '');
    return dimension === undefined ? [] : [{ name, entity: feature.entity, dimension }];
  });
  return fields.flatMap(({ name, entity, dimension }, i) => {
    const first = fields.slice(0, i).find((field) => field.entity === entity);
    if (first === undefined || first.dimension === dimension) return [];
    const expected = `${first.dimension} as features.${first.name}, the first of entity ${entity}`;
    return [
      {
        path: ['features', name],
        message: `got dimension ${dimension}, expected ${expected} (model.fields is sum_by_entity)`,
      },
    ];
  });
}

function checkAny(draft: Draft): readonly Mistake[] {
  const { features } = draft.file;
  const isEmpty = features !== undefined && draft.names('features').length === 0;
  return isEmpty ? [{ path: ['features'], message: 'there is no feature, expected at least one' }] : [];
}
