import type { Mistake } from '../declaration-error.ts';
import { checkIdSource, resolveIdSource } from '../features/id-sources.ts';
import { type FeatureShape, featureKind, tableName } from '../features/kinds.ts';
import type { SharedTables } from '../features/table-choice.ts';
import { resolveEmbeddings } from '../resolve/resolve-features.ts';
import type { Draft } from '../schema/draft.ts';

/** Checks the features and the embedding tables, each by itself and against each other. */
export function checkFeatures(draft: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {} } = draft.file;
  return [
    ...Object.entries(embeddings).flatMap(([name, table]) => checkIdSource(['embeddings', name], table)),
    ...Object.entries(features).flatMap(([name, feature]) => checkFeature(draft, name, feature)),
    ...checkUnused(draft),
    ...checkDimensions(draft),
    ...checkNotEmpty(draft),
  ];
}

function checkFeature(draft: Draft, name: string, feature: FeatureShape): readonly Mistake[] {
  const path = ['features', name];
  const tables = sharedTables(draft);
  const kind = featureKind(feature);
  const own = kind.check(path, feature, tables);
  if (kind.table(feature)?.shared !== null || !tables.has(name) || !draft.isSound(`features.${name}`)) return own;
  const wanted = kind.sharesTables ? `embedding: ${name}, or another name` : 'another name';
  return [...own, { path, message: `its own table would have the name of embeddings.${name}, expected ${wanted}` }];
}

function sharedTables(draft: Draft): SharedTables {
  const { embeddings = {} } = draft.file;
  return new Map(
    draft.names('embeddings').map((name) => {
      const table = Object.hasOwn(embeddings, name) ? embeddings[name] : undefined;
      return [name, table === undefined ? null : resolveIdSource(table)];
    }),
  );
}

function checkUnused(draft: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {} } = draft.file;
  if (!draft.isSound('features')) return [];
  const used = Object.entries(features).map(([name, feature]) => tableName(name, feature));
  return Object.keys(embeddings)
    .filter((name) => !used.includes(name))
    .map((name) => ({ path: ['embeddings', name], message: 'no feature uses this table, expected one or no table' }));
}

/** Finds embeddings of one entity that differ in dimension although they are to be summed. */
function checkDimensions(draft: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {}, model } = draft.file;
  if (model?.fields !== 'sum_by_entity' || !draft.isSound('embeddings') || !draft.isSound('features')) return [];
  const tables = new Map(resolveEmbeddings(embeddings, features).map(({ name, dimension }) => [name, dimension]));
  const fields = Object.entries(features).flatMap(([name, feature]) => {
    const dimension = tables.get(tableName(name, feature) ?? '');
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

function checkNotEmpty(draft: Draft): readonly Mistake[] {
  const { features } = draft.file;
  const isEmpty = features !== undefined && draft.names('features').length === 0;
  return isEmpty ? [{ path: ['features'], message: 'there is no feature, expected at least one' }] : [];
}
