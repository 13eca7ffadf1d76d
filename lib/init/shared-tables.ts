/** Tables that bags share with the ids whose values are their items, and weights beside bags. */

import { percent } from '../numbers/text.ts';
import type { Database } from '../table/database.ts';
import { sharedValues } from '../table/profile/relations.ts';
import type { Draft, TableDraft } from './draft.ts';
import type { MeasuredLog } from './measure-log.ts';

/** Share of a bag's items that must be values of the id. */
const SHARED = 0.5;
/** Values that an id has at least, so that sharing it is no chance. */
const FEWEST_VALUES = 20;

/** Returns the draft's features and tables, in which bags share the table of an id whose values they have. */
export async function sharedTables(
  database: Database,
  { sample, profile }: MeasuredLog,
  draft: Draft,
): Promise<Pick<Draft, 'features' | 'tables'>> {
  const facts = new Map(profile.columns.map((column) => [column.name, column]));
  const ids = draft.features.filter(
    ({ type, column }) => type === 'category' && (facts.get(column)?.distinct ?? 0) >= FEWEST_VALUES,
  );
  const shares = new Map<string, { readonly id: string; readonly entity: string; readonly share: number }>();
  for (const { type, name, column, members } of draft.features) {
    const bag = facts.get(column);
    if (type !== 'bag' || bag === undefined) continue;
    const delimiter = members.delimiter === undefined ? null : String(JSON.parse(members.delimiter));
    for (const id of ids) {
      const of = facts.get(id.column);
      if (of === undefined) continue;
      const share = await sharedValues(database, sample, bag, delimiter, of);
      const before = shares.get(name);
      // Numbers of users may be numbers of items as well: histories are most often of items.
      const isBetter =
        before === undefined || (before.entity !== 'item' && id.entity === 'item') || share > before.share;
      if (share >= SHARED && isBetter) shares.set(name, { id: id.name, entity: id.entity, share });
    }
  }
  const shared = new Set([...shares.values()].map(({ id }) => id));
  const tables = draft.features
    .filter(({ name }) => shared.has(name))
    .map(({ name, members: { at_scoring: _, ...members } }): TableDraft => {
      const bags = [...shares]
        .filter(([, { id }]) => id === name)
        .map(([bag, { share }]) => `${bag} (${percent(share)})`);
      return { name, members, why: `its values are the items of ${bags.join(', ')}` };
    });
  const features = draft.features.map((feature) => {
    const table = shared.has(feature.name) ? feature.name : shares.get(feature.name)?.id;
    if (table === undefined) return feature;
    const { dimension: _, hash: __, ...members } = feature.members;
    return { ...feature, members: { ...members, embedding: table } };
  });
  return { features, tables };
}
