import type { Mistake } from '../declaration-error.ts';
import { type FeatureShape, tableName } from '../features/kinds.ts';
import type { SequenceShape } from '../features/sequence.ts';
import { unknownName } from '../names.ts';
import { resolveEmbeddings } from '../resolve/resolve-features.ts';
import type { Draft } from '../schema/draft.ts';

/** Checks what the pooling of a sequence needs of other features, and of the model. */
export function checkSequences(draft: Draft): readonly Mistake[] {
  const { features = {}, model } = draft.file;
  return Object.entries(features).flatMap(([name, feature]) => {
    if (feature.type !== 'sequence' || feature.pooling === 'mean') return [];
    return [...checkCandidate(draft, name, feature), ...checkModel(name, feature, model)];
  });
}

/** The feature that items are compared with has one value in each row, with an embedding as wide as theirs. */
function checkCandidate(draft: Draft, name: string, { to, ...sequence }: SequenceShape): readonly Mistake[] {
  const { features = {}, embeddings = {} } = draft.file;
  const path = ['features', name, 'to'];
  if (to === undefined) return [];
  const names = draft.names('features');
  if (!names.includes(to)) return [{ path, message: unknownName('feature', to, names) }];
  const feature = Object.hasOwn(features, to) ? features[to] : undefined;
  if (feature === undefined) return [];
  if (feature.type !== 'category' && feature.type !== 'cross')
    return [{ path, message: `got ${to}, a ${feature.type}, expected a category or a cross` }];
  if (!draft.isSound('embeddings') || !draft.isSound('features')) return [];
  const tables = new Map(resolveEmbeddings(embeddings, features).map((table) => [table.name, table.dimension]));
  const dimensionOf = (of: string, shape: FeatureShape) => tables.get(tableName(of, shape) ?? '');
  const [got, expected] = [dimensionOf(to, feature), dimensionOf(name, sequence)];
  if (got === undefined || expected === undefined || got === expected) return [];
  return [{ path, message: `got ${to} of dimension ${got}, expected ${expected} as that of features.${name}` }];
}

function checkModel(name: string, { pooling }: SequenceShape, model: Draft['file']['model']): readonly Mistake[] {
  const wide = model?.wide ?? [];
  return [
    ...(model?.fields === 'sum_by_entity'
      ? [
          {
            path: ['features', name, 'pooling'],
            message: `got ${pooling}, expected mean (model.fields is sum_by_entity)`,
          },
        ]
      : []),
    ...(wide.includes(name)
      ? [
          {
            path: ['model', 'wide', wide.indexOf(name)],
            message: `got ${name}, a sequence with pooling ${pooling}, expected one with pooling mean`,
          },
        ]
      : []),
  ];
}
