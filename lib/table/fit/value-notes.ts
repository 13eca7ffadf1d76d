/** Notes on features whose values are not there, all alike, or cut. */
import type { BagFeature, Feature } from '../../config/declaration.ts';
import { countOf, percent, shortened } from '../../numbers/text.ts';
import type { CheckedLog } from '../check/log.ts';
import { columnKind, findColumn, type Relation } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { preparedName } from '../kinds/feature-kind.ts';
import { featureKind } from '../kinds/index.ts';
import type { RowsOfFeature } from './rows-of-feature.ts';

/** Characters of a value that a note shows. */
const LONGEST_VALUE = 40;
/** Share of a bag's values from which it is told that they are cut. */
const MANY_CUT = 0.01;
/** SQL condition that a row is a training row. */
const TRAINING = '"#part" = 0';

/**
 * Returns notes on features that no training row has a value of, or all the same one, and on bags that are cut, or in
 * whose text the delimiter does not occur.
 */
export async function valueNotes(
  database: Database,
  { declaration: { features }, source: { relation } }: CheckedLog,
  rowsOf: RowsOfFeature,
): Promise<string[]> {
  const notes: string[] = [];
  for (const feature of features) {
    const columns = [
      `count(*) FILTER (${TRAINING}) AS rows`,
      `count(*) FILTER (${TRAINING} AND ${featureKind(feature).isMissing(0)}) AS missing`,
      ...(feature.type === 'bag' ? bagColumns(feature) : oneValueColumns(feature)),
    ];
    const found = await queryOne(database, `SELECT ${columns.join(', ')} FROM ${rowsOf(feature)}`);
    notes.push(...notesOf(relation, feature, found));
  }
  return notes;
}

function notesOf(relation: Relation, feature: Feature, found: Readonly<Record<string, unknown>>): string[] {
  const [rows, missing] = [Number(found.rows), Number(found.missing)];
  if (rows > 0 && missing === rows) return [`${feature.name}: no training row has a value`];
  if (feature.type === 'bag') {
    const [cut = 0, values = 0, longest = 0, present = 0] = ['cut', 'values', 'longest', 'present'].map((name) =>
      Number(found[name]),
    );
    return bagNotes(relation, feature, { cut, values, longest, present, example: String(found.example) });
  }
  const { least, most } = found;
  return rows > 1 && missing === 0 && least != null && String(least) === String(most)
    ? [
        `${feature.name}: every training row has the same value, ${JSON.stringify(shortened(String(least), LONGEST_VALUE))}`,
      ]
    : [];
}

function oneValueColumns(feature: Feature): string[] {
  const value = featureKind(feature).allValues(0);
  return [`min(${value}) FILTER (${TRAINING}) AS least`, `max(${value}) FILTER (${TRAINING}) AS most`];
}

function bagColumns({ maxLength }: BagFeature): string[] {
  const length = preparedName('length', 0);
  return [
    `sum(greatest(${length} - ${maxLength}, 0)) FILTER (${TRAINING}) AS cut`,
    `sum(${length}) FILTER (${TRAINING}) AS "values"`,
    `max(${length}) AS longest`,
    `count(*) FILTER (${length} > 0) AS present`,
    `min(${preparedName('bag', 0)}[1]) AS example`,
  ];
}

/** What is known of a bag's values. */
interface BagFacts {
  /** Values of the training rows that are cut, and all of them. */
  readonly cut: number;
  readonly values: number;
  /** Greatest number of values in a row. */
  readonly longest: number;
  /** Rows with a value. */
  readonly present: number;
  readonly example: string;
}

function bagNotes(
  relation: Relation,
  { name, column, delimiter, maxLength, keep }: BagFeature,
  { cut, values, longest, present, example }: BagFacts,
): string[] {
  const notes: string[] = [];
  if (cut > MANY_CUT * values)
    notes.push(
      `${name}: ${percent(cut / values)} of the values are cut (max_length ${maxLength}, the ${keep} are kept)`,
    );
  const type = findColumn(relation, column)?.type;
  const isText = type !== undefined && columnKind(type) === 'text';
  if (delimiter !== null && isText && longest === 1 && present > 1)
    notes.push(
      `${name}: the delimiter ${JSON.stringify(delimiter)} occurs in none of ${countOf(present, 'value')}, such as ${JSON.stringify(shortened(example, LONGEST_VALUE))}`,
    );
  return notes;
}
