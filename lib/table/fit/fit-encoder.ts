/** Fits an encoder to the training rows of a log: vocabularies, quantiles, means and deviations. */

import type { EmbeddingTable, Feature } from '../../config/declaration.ts';
import { assertAcceptable } from '../check/acceptable.ts';
import type { CheckedLog } from '../check/log.ts';
import { requiredValue } from '../check/required-columns.ts';
import type { Relation } from '../columns.ts';
import { type Database, execute, queryOne } from '../database.ts';
import type { InputSpec, TableSpec } from '../encoded.ts';
import type { Encoder, Vocabulary } from '../encoder.ts';
import { firstId, idSourceKind } from '../kinds/id-sources.ts';
import { featureColumns, featureKind } from '../kinds/index.ts';
import { type Distributions, measureDistributions } from './distributions.ts';
import { assertLearnable } from './learnable.ts';
import { type RowsOfFeature, rowsOfFeatures } from './rows-of-feature.ts';
import { type LogSummary, summarizeLog } from './summary.ts';

/** An encoder, with what is known of the rows that it was fitted to. */
export interface FittedEncoder {
  readonly encoder: Encoder;
  readonly summary: LogSummary;
  readonly distributions: Distributions;
}

/**
 * Fits the encoder of a log's declaration to its training rows.
 * @throws {DataError} as `assertAcceptable` and `assertLearnable`.
 */
export async function fitEncoder(database: Database, log: CheckedLog): Promise<FittedEncoder> {
  assertAcceptable(log);
  const summary = await summarizeLog(database, log);
  assertLearnable(log, summary);
  const rowsOf = rowsOfFeatures(log);
  const encoder = await fitInputs(database, log, rowsOf);
  const distributions = await measureDistributions(database, rowsOf, encoder.features, encoder.vocabularies);
  return { encoder, summary, distributions };
}

/** Fits vocabularies and numbers to the training rows. */
export async function fitInputs(
  database: Database,
  { declaration, source }: CheckedLog,
  rowsOf: RowsOfFeature,
): Promise<Encoder> {
  const { features, embeddings } = declaration;
  const vocabularies: Record<string, Vocabulary> = {};
  for (const table of embeddings) {
    const vocabulary = await fitVocabulary(database, rowsOf, features, table);
    if (vocabulary !== null) vocabularies[table.name] = vocabulary;
  }
  const inputs: InputSpec[] = [];
  for (const feature of features) {
    const ids = embeddings.find(({ name }) => name === feature.embedding)?.ids ?? null;
    inputs.push(await featureKind(feature).fit(feature, { database, from: rowsOf(feature), index: 0, ids }));
  }
  const tables = embeddings.map((table) => tableSpec(table, inputs, vocabularies));
  const columnKinds = kindsOfColumns(source.relation, features);
  return { features, embeddings, inputs, tables, vocabularies, columnKinds };
}

function kindsOfColumns(relation: Relation, features: readonly Feature[]): Encoder['columnKinds'] {
  const names = new Set(features.flatMap(featureColumns).map(({ column }) => column));
  return Object.fromEntries([...names].map((name) => [name, requiredValue(relation, name).kind]));
}

/** Creates a SQL enum of a vocabulary's values and returns its name. It finds the ids of values in lists. */
export async function createEnum(database: Database, table: string): Promise<string> {
  const enumType = database.uniqueName('vocabulary_values');
  await execute(database, `CREATE TYPE ${enumType} AS ENUM (SELECT value FROM ${table} ORDER BY id)`);
  return enumType;
}

/** Whether a feature with several values in a row embeds them in a table. */
export function isUsedByLists(features: readonly Feature[], table: string): boolean {
  return features.some((feature) => feature.embedding === table && featureKind(feature).isMultiValued);
}

async function fitVocabulary(
  database: Database,
  rowsOf: RowsOfFeature,
  features: readonly Feature[],
  { name, ids }: EmbeddingTable,
): Promise<Vocabulary | null> {
  if (ids.kind !== 'vocabulary') return null;
  const values = features.flatMap((feature) =>
    feature.embedding === name
      ? `SELECT CAST(${featureKind(feature).eachValue(0)} AS VARCHAR) AS value FROM ${rowsOf(feature)} WHERE "#part" = 0`
      : [],
  );
  const counts =
    `SELECT value, count(*) AS count FROM (${values.join(' UNION ALL ')}) WHERE value IS NOT NULL GROUP BY value ` +
    `HAVING count(*) >= ${ids.minCount} ORDER BY count DESC, value${ids.maxSize === null ? '' : ` LIMIT ${ids.maxSize}`}`;
  const table = database.uniqueName('vocabulary');
  const numbered = `SELECT value, ${firstId(ids) - 1} + row_number() OVER (ORDER BY count DESC, value) AS id, count FROM (${counts})`;
  await execute(
    database,
    `CREATE TABLE ${table} AS SELECT value, CAST(id AS BIGINT) AS id, count FROM (${numbered}) ORDER BY id`,
  );
  const { size } = await queryOne(database, `SELECT count(*) AS size FROM ${table}`);
  return {
    table,
    enumType: isUsedByLists(features, name) ? await createEnum(database, table) : null,
    size: Number(size),
  };
}

function tableSpec(
  { name, dimension, ids }: EmbeddingTable,
  inputs: readonly InputSpec[],
  vocabularies: Readonly<Record<string, Vocabulary>>,
): TableSpec {
  const quantiles = inputs.filter((input) => input.kind === 'quantile').filter(({ table }) => table === name);
  const fitted = {
    vocabularySize: vocabularies[name]?.size ?? 0,
    boundaries: Math.max(0, ...quantiles.map(({ boundaries }) => boundaries.length)),
  };
  return { name, dimension, rows: idSourceKind(ids).rows(ids, fitted) };
}
