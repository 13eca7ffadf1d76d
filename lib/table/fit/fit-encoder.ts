/** Fits an encoder: vocabularies, quantiles, means and deviations, from training rows alone. */
import type { EmbeddingTable, Feature, IdSource, NumberFeature } from '../../config/declaration.ts';
import { assertAcceptable, type CheckedLog } from '../check/log.ts';
import { type Database, execute, queryOne } from '../database.ts';
import { bagValue, preparedName } from '../encode/encode-sql.ts';
import { type Encoder, firstId, tableRows, type Vocabulary } from '../encode/encoder.ts';
import type { InputSpec, NumberInput, TableSpec } from '../encoded.ts';
import { type Distributions, measureDistributions } from './distributions.ts';
import { assertLearnable } from './learnable.ts';
import { fitNumber, fitQuantiles } from './number-statistics.ts';
import { type PreparedLog, prepareLog } from './prepared-log.ts';
import { type LogSummary, summarizeLog } from './summary.ts';

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
  const prepared = await prepareLog(database, log);
  try {
    const summary = await summarizeLog(database, log, prepared);
    assertLearnable(log, summary);
    const { features, embeddings } = log.declaration;
    const vocabularies: Record<string, Vocabulary> = {};
    for (const table of embeddings) {
      const vocabulary = await fitVocabulary(database, prepared, features, table);
      if (vocabulary !== null) vocabularies[table.name] = vocabulary;
    }
    const inputs: InputSpec[] = [];
    for (const [index, feature] of features.entries())
      inputs.push(await fitInput(database, prepared, feature, index, embeddings));
    const tables = embeddings.map((table) => tableSpec(table, inputs, vocabularies));
    const distributions = await measureDistributions(database, prepared, features, vocabularies);
    return { encoder: { features, embeddings, inputs, tables, vocabularies }, summary, distributions };
  } finally {
    await prepared.remove();
  }
}

/** Makes an enum of a vocabulary's values: lists cannot be joined. */
export async function createEnum(database: Database, table: string): Promise<string> {
  const enumType = database.uniqueName('vocabulary_values');
  await execute(database, `CREATE TYPE ${enumType} AS ENUM (SELECT value FROM ${table} ORDER BY id)`);
  return enumType;
}

/** Whether a bag is among the features that embed in a table. */
export function isUsedByBag(features: readonly Feature[], table: string): boolean {
  return features.some(({ type, embedding }) => type === 'bag' && embedding === table);
}

async function fitVocabulary(
  database: Database,
  { from }: PreparedLog,
  features: readonly Feature[],
  { name, ids }: EmbeddingTable,
): Promise<Vocabulary | null> {
  if (ids.kind !== 'vocabulary') return null;
  const values = features.flatMap((feature, index) => {
    if (feature.embedding !== name || feature.type === 'number') return [];
    const value = feature.type === 'bag' ? bagValue(index) : preparedName('text', index);
    return `SELECT ${value} AS value FROM ${from} WHERE "#part" = 0`;
  });
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
    enumType: isUsedByBag(features, name) ? await createEnum(database, table) : null,
    size: Number(size),
  };
}

async function fitInput(
  database: Database,
  prepared: PreparedLog,
  feature: Feature,
  index: number,
  embeddings: readonly EmbeddingTable[],
): Promise<InputSpec> {
  const { name, entity } = feature;
  switch (feature.type) {
    case 'category':
      return { kind: 'id', name, entity, table: feature.embedding };
    case 'bag':
      return {
        kind: 'bag',
        name,
        entity,
        table: feature.embedding,
        length: feature.maxLength,
        combiner: feature.combiner,
      };
    case 'number':
      return fitNumberInput(database, prepared, feature, preparedName('number', index), embeddings);
  }
}

async function fitNumberInput(
  database: Database,
  { from }: PreparedLog,
  feature: NumberFeature,
  column: string,
  embeddings: readonly EmbeddingTable[],
): Promise<InputSpec> {
  const { name, entity, embedding, clip, log1p } = feature;
  const values = `(SELECT ${column} AS value FROM ${from} WHERE "#part" = 0 AND ${column} IS NOT NULL)`;
  if (embedding !== null) {
    const source: IdSource | undefined = embeddings.find((table) => table.name === embedding)?.ids;
    const count = source?.kind === 'quantiles' ? source.count : 1;
    return {
      kind: 'quantile',
      name,
      entity,
      table: embedding,
      boundaries: await fitQuantiles(database, values, count),
    };
  }
  const { mean, deviation } = feature.standardize
    ? await fitNumber(database, values, feature)
    : { mean: 0, deviation: 1 };
  return { kind: 'number', name, entity, clip, log1p, mean, deviation } satisfies NumberInput;
}

function tableSpec(
  { name, dimension, ids }: EmbeddingTable,
  inputs: readonly InputSpec[],
  vocabularies: Readonly<Record<string, Vocabulary>>,
): TableSpec {
  if (ids.kind !== 'quantiles') return { name, dimension, rows: tableRows(ids, vocabularies[name]?.size ?? 0) };
  const longest = inputs.map((input) =>
    input.kind === 'quantile' && input.table === name ? input.boundaries.length : 0,
  );
  return { name, dimension, rows: Math.max(0, ...longest) + 2 };
}
