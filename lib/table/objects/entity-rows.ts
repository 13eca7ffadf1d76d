/**
 * A feature table in memory: the features that can be read from it alone, encoded row by row by the SQL of files, and
 * the canonical texts of the columns that crosses join with others.
 */
import type { EntityTable, Feature, ScoreExpression } from '../../config/declaration.ts';
import { countOf } from '../../numbers/text.ts';
import { lackedColumns, tableColumns, tableFeatures } from '../candidates/join-tables.ts';
import { featureChecks } from '../check/check-rows.ts';
import { checkScoredColumns, checkTableColumns, checkTrainedKinds } from '../check/required-columns.ts';
import { byPosition, columnValue, type FileColumn, findColumn, type Relation, type TextRules } from '../columns.ts';
import { type Database, execute, query, queryOne } from '../database.ts';
import { encodeCandidates } from '../encode/encode.ts';
import type { EncodedChunk, InputSpec } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import { DataError } from '../errors.ts';
import { positionalScan } from '../formats/parquet/file.ts';
import { featureColumns } from '../kinds/index.ts';
import { canonicalText } from '../values/canonical.ts';
import { emptyChunk } from './encoded-arrays.ts';
import { faultsByRow, readScoredColumns, type ScoredColumn } from './entity-numbers.ts';
import type { Fault } from './fault.ts';

/** The files of a feature table. */
export interface EntityFiles {
  readonly entity: EntityTable;
  /** Location of the table, for messages. */
  readonly place: string;
  readonly rows: number;
  /** Name of the column of keys. */
  readonly key: string;
  readonly columns: readonly FileColumn[];
  readonly paths: readonly string[];
}

/** A feature table in memory. */
export interface EntityRows {
  readonly entity: EntityTable;
  readonly place: string;
  /** Names of the columns that it gives to rows that lack them. */
  readonly columns: ReadonlySet<string>;
  /** Rows by the canonical texts of their keys. */
  readonly rowOf: ReadonlyMap<string, number>;
  /** The row of what is not in the table: every value is missing, or its constant. */
  readonly unknownRow: number;
  /** Positions of the encoder's features that are read from the table alone. */
  readonly features: ReadonlySet<number>;
  readonly encoded: EncodedChunk;
  /** Canonical texts by column, for crosses. */
  readonly texts: ReadonlyMap<string, readonly (string | null)[]>;
  /** What is wrong with the value of a feature in a row, by position of the feature. */
  readonly faults: ReadonlyMap<number, ReadonlyMap<number, Fault>>;
  /** Those of its columns that scores are computed from. */
  readonly scored: ReadonlyMap<string, ScoredColumn>;
}

/** What tables are read for. */
export interface EntityReader {
  readonly database: Database;
  readonly encoder: Encoder;
  readonly entities: readonly EntityTable[];
  readonly texts: TextRules;
  /** What scores are computed by. */
  readonly score: ScoreExpression | null;
  /** Most bytes of a table in memory. */
  readonly mostBytes: number;
}

/** Bytes of a key in a map of texts, about. */
const KEY_BYTES = 120;
/** Bytes of another text. */
const TEXT_BYTES = 40;
const NUMBER_BYTES = 8;

/**
 * Reads a table into memory.
 * @throws {DataError} if it does not fit, or lacks a column, or has one of a wrong type.
 */
export async function readEntityRows(reader: EntityReader, files: EntityFiles): Promise<EntityRows> {
  const { database, encoder, entities, texts, score, mostBytes } = reader;
  const { entity, place } = files;
  const names = lackedColumns(tableFeatures(entity, entities, encoder.features), entities, []);
  const table = { columns: byPosition(files.columns), name: place };
  const columns = tableColumns(names, table);
  const given = new Set(columns.map(({ name }) => name));
  const own = encoder.features.flatMap((feature, index) => (isOfTable(feature, given) ? index : []));
  const joined = [...given].filter((name) => encoder.features.some((feature) => isCrossOf(feature, name)));
  const inputs = own.map((index) => encoder.inputs[index] as InputSpec);
  const scored = tableColumns(score?.columns ?? [], table);
  assertFits(files, inputs, { texts: joined.length, numbers: scored.length }, mostBytes);
  const key = findColumn(table, files.key);
  if (key === undefined) throw new DataError('columns_missing', `table columns missing: ${files.key} (in ${place})`);
  const name = database.uniqueName('entities');
  const selected = [...new Set([key, ...columns, ...scored].map(({ sql }) => sql))];
  // One more row, without any value.
  await execute(
    database,
    `CREATE TABLE ${name} AS SELECT *, row_number() OVER () - 1 AS "#row" FROM (
      SELECT ${selected.join(', ')} FROM ${positionalScan(files.paths, files.columns)}
      UNION ALL SELECT ${selected.map(() => 'NULL').join(', ')})`,
  );
  try {
    const relation: Relation = { from: name, columns: [...columns], isText: false, texts, name: place, isScored: true };
    const features = own.map((index) => encoder.features[index] as Feature);
    const part = { ...encoder, features, inputs };
    checkTableColumns({ ...relation, columns: [...columns, { ...key, name: entity.key }] }, entity, features);
    checkTrainedKinds(relation, part);
    // Text is read, or refused row by row, as that of CSV.
    const numbers = { ...relation, columns: scored, isText: true };
    checkScoredColumns(numbers);
    const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${name}`);
    return {
      entity,
      place,
      columns: given,
      unknownRow: Number(rows) - 1,
      features: new Set(own),
      rowOf: await rowsByKey(database, name, canonicalText(columnValue(key, texts))),
      encoded: await encodeAll(reader, relation, part, Number(rows)),
      texts: await textsOf(database, relation, joined),
      faults: await faultsOf(reader, relation, own),
      scored: await readScoredColumns(database, numbers, score),
    };
  } finally {
    await execute(database, `DROP TABLE ${name}`);
  }
}

/** Whether a feature reads columns of the table alone, but for those that a constant replaces. */
function isOfTable(feature: Feature, given: ReadonlySet<string>): boolean {
  const columns = featureColumns(feature);
  return (
    columns.some(({ column }) => given.has(column)) &&
    columns.every(({ column, atScoring }) => given.has(column) || atScoring !== undefined)
  );
}

function isCrossOf(feature: Feature, name: string): boolean {
  return feature.type === 'cross' && feature.of.some(({ column }) => column === name);
}

function assertFits(
  { place, rows }: EntityFiles,
  inputs: readonly InputSpec[],
  { texts, numbers }: { readonly texts: number; readonly numbers: number },
  mostBytes: number,
): void {
  const one = emptyChunk(inputs, 1);
  const values = [one.ids, one.weights, one.numbers].flatMap((arrays) => Object.values(arrays));
  const encoded = values.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = rows * (KEY_BYTES + encoded + TEXT_BYTES * texts + NUMBER_BYTES * numbers);
  if (bytes <= mostBytes) return;
  const mib = (size: number) => `${Math.ceil(size / 2 ** 20)} MiB`;
  throw new DataError(
    'table_rows',
    `table is too large to be held in memory: ${countOf(rows, 'row')} need ${mib(bytes)}, expected at most ${mib(mostBytes)} (in ${place})`,
  );
}

async function rowsByKey(database: Database, name: string, key: string): Promise<ReadonlyMap<string, number>> {
  const rows = await query(database, `SELECT ${key} AS key, "#row" FROM ${name} WHERE ${key} IS NOT NULL`);
  return new Map(rows.map((row) => [String(row.key), Number(row['#row'])]));
}

async function encodeAll(
  { database }: EntityReader,
  relation: Relation,
  encoder: Encoder,
  rows: number,
): Promise<EncodedChunk> {
  const all = emptyChunk(encoder.inputs, rows);
  let at = 0;
  if (encoder.features.length === 0) return all;
  for await (const chunk of encodeCandidates(database, relation, [], encoder)) {
    for (const field of ['ids', 'weights', 'numbers'] as const)
      for (const [name, values] of Object.entries(chunk[field]))
        all[field][name]?.set(values, (values.length / chunk.rows) * at);
    at += chunk.rows;
  }
  if (at !== rows) throw new Error(`${relation.name} has ${at} encoded rows, expected ${rows}`);
  return all;
}

async function textsOf(
  database: Database,
  relation: Relation,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly (string | null)[]>> {
  const texts = new Map<string, readonly (string | null)[]>();
  for (const name of names) {
    const column = findColumn(relation, name);
    if (column === undefined) continue;
    const text = canonicalText(columnValue(column, relation.texts));
    const rows = await query(database, `SELECT ${text} AS text FROM ${relation.from} ORDER BY "#row"`);
    texts.set(
      name,
      rows.map((row) => (row.text === null ? null : String(row.text))),
    );
  }
  return texts;
}

async function faultsOf(
  { database, encoder }: EntityReader,
  relation: Relation,
  own: readonly number[],
): Promise<ReadonlyMap<number, ReadonlyMap<number, Fault>>> {
  const faults = new Map<number, ReadonlyMap<number, Fault>>();
  for (const index of own) {
    const feature = encoder.features[index] as Feature;
    const checks = featureChecks(relation, { features: [feature], embeddings: encoder.embeddings });
    const found = await faultsByRow(database, relation, checks);
    if (found.size > 0) faults.set(index, found);
  }
  return faults;
}
