/** Notes on features whose values are not there, all alike, or cut. */
import type { ListFeature } from '../../config/declaration.ts';
import { isList } from '../../config/features/kinds.ts';
import { countOf, percent, shortened } from '../../numbers/text.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows } from '../check/prepared-rows.ts';
import { columnKind, findColumn } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { preparedName } from '../kinds/feature-kind.ts';
import type { BagFacts } from './measure/bags.ts';
import type { MeasuredFeatures } from './measure/measure.ts';

/** Characters of a value that a note shows. */
const LONGEST_VALUE = 40;
/** Share of a list's values from which it is told that they are cut. */
const MANY_CUT = 0.01;

/**
 * Returns notes on features that no training row has a value of, or all the same one, and on lists that are cut, or in
 * whose text the delimiter does not occur.
 */
export async function valueNotes(
  database: Database,
  log: CheckedLog,
  measured: MeasuredFeatures,
  trainingRows: number,
): Promise<string[]> {
  const notes: string[] = [];
  for (const feature of log.declaration.features) {
    const { missing, only } = factsOf(feature.name, measured);
    const bag = measured.bags.get(feature.name);
    if (trainingRows > 0 && missing === trainingRows) notes.push(`${feature.name}: no training row has a value`);
    else if (isList(feature)) notes.push(...(await listNotes(database, log, feature, bag as BagFacts)));
    else if (trainingRows > 1 && missing === 0 && only !== null)
      notes.push(
        `${feature.name}: every training row has the same value, ${JSON.stringify(shortened(only, LONGEST_VALUE))}`,
      );
  }
  return notes;
}

/** Returns the number of training rows without a value of a feature, and the value that all others have, if it is one. */
export function factsOf(
  name: string,
  { numbers, vectors, bags, values }: MeasuredFeatures,
): { readonly missing: number; readonly only: string | null } {
  const [number, vector] = [numbers.get(name), vectors.get(name)];
  if (number !== undefined && vector !== undefined) {
    const isSame = vector.deviations.every((deviation) => deviation === 0);
    return { missing: number.missing, only: isSame ? vector.means.join(', ') : null };
  }
  if (number !== undefined)
    return { missing: number.missing, only: number.least === number.most ? String(number.least) : null };
  const { missing = 0, only = null } = values.get(name) ?? {};
  return { missing: bags.get(name)?.missing ?? missing, only };
}

async function listNotes(
  database: Database,
  log: CheckedLog,
  feature: ListFeature,
  { cut, values, longest, present }: BagFacts,
): Promise<string[]> {
  const { name, column, delimiter, maxLength, keep } = feature;
  const notes: string[] = [];
  if (cut > MANY_CUT * values)
    notes.push(
      `${name}: ${percent(cut / values)} of the values are cut (max_length ${maxLength}, the ${keep} are kept)`,
    );
  const found = findColumn(log.source.relation, column)?.type;
  const isText = found !== undefined && columnKind(found) === 'text';
  if (delimiter !== null && isText && longest === 1 && present > 1) {
    const { example } = await queryOne(
      database,
      `SELECT min(${preparedName('list', 0)}[1]) AS example FROM ${goodLogRows(log, [feature])}`,
    );
    notes.push(
      `${name}: the delimiter ${JSON.stringify(delimiter)} occurs in none of ${countOf(present, 'value')}, such as ${JSON.stringify(shortened(String(example), LONGEST_VALUE))}`,
    );
  }
  return notes;
}
