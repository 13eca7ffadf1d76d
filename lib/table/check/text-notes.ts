/** What is reported of the values of a log's columns before they are read: null values, written lists, and vectors. */
import type { Declaration, ListFeature } from '../../config/declaration.ts';
import { isList } from '../../config/features/kinds.ts';
import { count, listed, percent, shortened } from '../../numbers/text.ts';
import { columnValue, findColumn, type Relation, type Value } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { DataError } from '../errors.ts';
import type { PreparedColumn } from '../kinds/feature-kind.ts';
import { featureColumns } from '../kinds/index.ts';
import { nullValueSql, trimmed } from '../values/texts.ts';
import { isWrittenList } from '../values/written-lists.ts';
import { labelledStages } from './labels.ts';

/** Characters of a value that a note shows. */
const LONGEST_VALUE = 40;
/** Lists of measurements hold hardly a whole number, lists of ids nothing else. */
const MOST_FRACTIONS = 0.5;

/** What is reported of a column: the SQL of a fact of each row, aggregates of these facts, and the notes on them. */
interface ColumnFacts {
  /** SQL over the columns of the relation. */
  readonly fact: string;
  /** SQL over the quoted name of the prepared column that has the fact. */
  aggregates(fact: string): Readonly<Record<string, string>>;
  notes(found: Readonly<Record<string, unknown>>, rows: number): string[];
}

/** Returns the columns that rows are prepared with for `textNotes`. */
export function textFacts(relation: Relation, declaration: Declaration): PreparedColumn[] {
  return columnFacts(relation, declaration).map(({ fact }, index) => ({ sql: fact, name: factName(index) }));
}

/**
 * Returns notes on texts that are read as missing values, and on texts that are read as lists in brackets, in the
 * columns that a declaration reads.
 * @param rows SQL after FROM of the good rows, prepared with the columns of `textFacts`.
 * @throws {DataError} `column_types` if a bag or sequence is a list of measurements.
 */
export async function textNotes(
  database: Database,
  relation: Relation,
  declaration: Declaration,
  rows: string,
): Promise<string[]> {
  const facts = columnFacts(relation, declaration);
  if (facts.length === 0) return [];
  const aggregates = facts.map((fact, index) => fact.aggregates(factName(index)));
  const selected = aggregates.flatMap((own, index) =>
    Object.entries(own).map(([name, sql]) => `${sql} AS ${name}${index}`),
  );
  const found = await queryOne(database, `SELECT count(*) AS rows, ${selected.join(', ')} FROM ${rows}`);
  return facts.flatMap((fact, index) => {
    const own = Object.keys(aggregates[index] ?? {}).map((name) => [name, found[`${name}${index}`]]);
    return fact.notes(Object.fromEntries(own), Number(found.rows));
  });
}

function columnFacts(relation: Relation, declaration: Declaration): ColumnFacts[] {
  return [...nullFacts(relation, declaration), ...listFacts(relation, declaration)];
}

function factName(index: number): string {
  return `"#fact${index}"`;
}

/** Names of the columns that have values: not those of the time, in which a missing value is a bad row. */
function valueNames({ log, features, ...declaration }: Declaration): string[] {
  const labels = labelledStages(declaration).map(({ label }) => label);
  const group = log.group === null ? [] : [log.group];
  return [
    ...new Set([...features.flatMap(featureColumns).map(({ column }) => column), ...labels, ...group, ...log.keys]),
  ];
}

function columnOf(relation: Relation, name: string): Value | null {
  const column = findColumn(relation, name);
  return column === undefined ? null : columnValue(column, relation.texts);
}

function nullFacts(relation: Relation, declaration: Declaration): ColumnFacts[] {
  if (relation.texts.nullValues.length === 0) return [];
  return valueNames(declaration).flatMap((name) => {
    const value = columnOf(relation, name);
    if (value?.kind !== 'text') return [];
    return {
      fact: nullValueSql(value),
      aggregates: (word) => ({ nulls: `count(${word})`, words: `string_agg(DISTINCT ${word}, ' ' ORDER BY ${word})` }),
      notes: ({ nulls, words }, rows) =>
        Number(nulls) === 0
          ? []
          : [
              `${name}: ${count(Number(nulls))} of ${count(rows)} values are read as missing, as they are ${listed(String(words).split(' '))} (csv.null_values)`,
            ],
    };
  });
}

function listFacts(relation: Relation, { features }: Declaration): ColumnFacts[] {
  return features.flatMap((feature) => {
    if (!isList(feature)) return [];
    const value = columnOf(relation, feature.column);
    if (value?.kind === 'text') return writtenFacts(feature.name, value);
    return value !== null && /^(FLOAT|DOUBLE|DECIMAL\(.*\))\[\d*\]$/.test(value.type)
      ? vectorFacts(feature, value, relation)
      : [];
  });
}

function writtenFacts(name: string, { sql }: Value): ColumnFacts {
  const text = `CAST(${sql} AS VARCHAR)`;
  // A text that begins otherwise is no list, and is not trimmed to see it.
  const isWritten = `(regexp_matches(${text}, '^\\s*[[{(]') AND ${isWrittenList(trimmed(text))})`;
  return {
    fact: `CASE WHEN ${isWritten} THEN "left"(${text}, ${LONGEST_VALUE + 1}) END`,
    aggregates: (list) => ({ written: `count(${list})`, example: `min(${list})` }),
    notes: ({ written, example }, rows) =>
      Number(written) === 0
        ? []
        : [
            `${name}: ${count(Number(written))} of ${count(rows)} values are read as lists in brackets, such as ${JSON.stringify(shortened(String(example), LONGEST_VALUE))}`,
          ],
  };
}

function vectorFacts({ column, type: kind }: ListFeature, { sql, type }: Value, { name }: Relation): ColumnFacts {
  const items = `list_transform(${sql}, lambda x: CAST(x AS DOUBLE))`;
  const fractions = `list_filter(${items}, lambda x: x <> trunc(x))`;
  return {
    fact: `{ items: len(${sql}), fractions: len(${fractions}), example: ${fractions}[1] }`,
    aggregates: (counts) => ({
      items: `sum(${counts}.items)`,
      fractions: `sum(${counts}.fractions)`,
      example: `min(${counts}.example)`,
    }),
    notes({ items: all, fractions: some, example }) {
      const share = Number(some ?? 0) / Math.max(1, Number(all ?? 0));
      if (share <= MOST_FRACTIONS) return [];
      throw new DataError(
        'column_types',
        `log columns of a wrong type: ${column} is ${type}, and ${percent(share)} of its numbers are fractions such as ${example}, expected ids: ` +
          `a ${kind} has an embedding for each value; numbers of a fixed length are a feature of type vector (in ${name})`,
      );
    },
  };
}
