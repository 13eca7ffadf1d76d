import type { Mistake } from '../declaration-error.ts';
import { featureKind } from '../features/kinds.ts';
import { orderedEntities, USUAL_ENTITIES } from '../features/one-column.ts';
import { sameColumn } from '../names.ts';
import type { Draft } from '../schema/draft.ts';

/**
 * Checks that features are of entities that there are, that every entity with a table has a feature, that users and items
 * have keys of their own, and that no column could come from several tables.
 */
export function checkEntities(draft: Draft): readonly Mistake[] {
  const { entities = {}, features = {} } = draft.file;
  const declared = Object.keys(entities);
  return [
    ...(draft.isSound('entities') ? checkKnown(draft, declared) : []),
    ...(draft.isSound('features') ? declared : [])
      .filter((entity) => !Object.values(features).some((feature) => feature.entity === entity))
      .map((entity) => ({
        path: ['entities', entity],
        message: `no feature is of entity ${entity}, expected one or no table`,
      })),
    ...checkKeys(draft),
    ...(declared.length < 2 ? [] : checkAmbiguous(draft, declared)),
  ];
}

function checkKnown(draft: Draft, declared: readonly string[]): readonly Mistake[] {
  const known = orderedEntities([...USUAL_ENTITIES, ...declared]);
  return Object.entries(draft.file.features ?? {}).flatMap(([name, { entity }]) =>
    known.includes(entity)
      ? []
      : [
          {
            path: ['features', name, 'entity'],
            message: `got ${JSON.stringify(entity)}, expected one of ${known.map((one) => JSON.stringify(one)).join(', ')}`,
          },
        ],
  );
}

function checkKeys(draft: Draft): readonly Mistake[] {
  const { user, item } = draft.file.entities ?? {};
  if (user === undefined || item === undefined || !sameColumn(user.key, item.key)) return [];
  return [
    {
      path: ['entities', 'item', 'key'],
      message: `got ${item.key}, which is entities.user.key, expected a column of its own`,
    },
  ];
}

/** Finds columns that features of several entities read: each of their tables could provide them. */
function checkAmbiguous(draft: Draft, declared: readonly string[]): readonly Mistake[] {
  const keys = Object.values(draft.file.entities ?? {}).map(({ key }) => key);
  const uses = Object.entries(draft.file.features ?? {}).flatMap(([name, feature]) =>
    featureKind(feature)
      .columns(name, feature)
      .filter(({ column }) => isOfTable(feature, declared) && !keys.some((key) => sameColumn(key, column)))
      .map((use) => ({ ...use, name, entity: feature.entity })),
  );
  return uses.flatMap(({ path, column, entity }, i) => {
    const other = uses.slice(0, i).find((use) => use.entity !== entity && sameColumn(use.column, column));
    if (other === undefined) return [];
    const message = `got ${column} of entity ${entity}, which features.${other.name} reads of entity ${other.entity}, expected one entity: both may have tables`;
    return [{ path, message }];
  });
}

/** Whether a table provides the columns of a feature. A cross of the context joins those of any table. */
function isOfTable(
  { entity, type }: { readonly entity: string; readonly type: string },
  declared: readonly string[],
): boolean {
  return declared.includes(entity) && !(entity === 'context' && type === 'cross');
}
