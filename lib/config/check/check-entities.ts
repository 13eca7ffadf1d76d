import type { Mistake } from '../declaration-error.ts';
import { featureKind } from '../features/kinds.ts';
import { sameColumn } from '../names.ts';
import type { Draft } from '../schema/draft.ts';

/**
 * Checks that every entity has a feature that its table can provide, that the two keys differ, and that no column could
 * come from either table.
 */
export function checkEntities(draft: Draft): readonly Mistake[] {
  const { entities = {}, features = {} } = draft.file;
  const declared = Object.entries(entities);
  return [
    ...(draft.isSound('features') ? declared : [])
      .filter(([entity]) => !Object.values(features).some((feature) => feature.entity === entity))
      .map(([entity]) => ({
        path: ['entities', entity],
        message: `no feature is of entity ${entity}, expected one or no table`,
      })),
    ...checkKeys(draft),
    ...(declared.length < 2 ? [] : checkAmbiguous(draft)),
  ];
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

/** Finds columns that features of both entities read: either table could provide them. */
function checkAmbiguous(draft: Draft): readonly Mistake[] {
  const keys = Object.values(draft.file.entities ?? {}).flatMap((table) => table?.key ?? []);
  const uses = Object.entries(draft.file.features ?? {}).flatMap(([name, feature]) =>
    featureKind(feature)
      .columns(name, feature)
      .filter(({ column }) => feature.entity !== 'context' && !keys.some((key) => sameColumn(key, column)))
      .map((use) => ({ ...use, name, entity: feature.entity })),
  );
  return uses.flatMap(({ path, column, entity }, i) => {
    const other = uses.slice(0, i).find((use) => use.entity !== entity && sameColumn(use.column, column));
    if (other === undefined) return [];
    const message = `got ${column} of entity ${entity}, which features.${other.name} reads of entity ${other.entity}, expected one entity: both may have tables`;
    return [{ path, message }];
  });
}
