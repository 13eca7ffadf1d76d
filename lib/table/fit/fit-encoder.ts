/** Fits an encoder to the training rows of a log: vocabularies, quantiles, means and deviations. */

import type { EmbeddingTable, Feature } from '../../config/declaration.ts';
import type { CheckedLog } from '../check/log.ts';
import { requiredValue } from '../check/required-columns.ts';
import type { Relation } from '../columns.ts';
import type { Database } from '../database.ts';
import type { InputSpec, TableSpec } from '../encoded.ts';
import type { Encoder, Vocabulary } from '../encoder.ts';
import { idSourceKind } from '../kinds/id-sources.ts';
import { featureColumns, featureKind } from '../kinds/index.ts';
import type { OnLogProgress } from '../log-progress.ts';
import { type Distributions, distributionsOf } from './distributions.ts';
import type { MeasuredFeatures } from './measure/measure.ts';
import { type LogSummary, summarizeLog } from './summary.ts';

/** An encoder, with what is known of the rows that it was fitted to. */
export interface FittedEncoder {
  readonly encoder: Encoder;
  readonly summary: LogSummary;
  readonly distributions: Distributions;
}

/**
 * Fits the encoder of a log's declaration to its training rows.
 * @param onProgress called in the phase `fit`
 * @throws {DataError} as `summarizeLog`.
 */
export async function fitEncoder(
  database: Database,
  log: CheckedLog,
  onProgress?: OnLogProgress,
): Promise<FittedEncoder> {
  const { summary, measured } = await summarizeLog(database, log, { onProgress });
  return {
    encoder: encoderOf(log, measured),
    summary,
    distributions: distributionsOf(log.declaration.features, measured, summary.parts.train.rows),
  };
}

/** Returns the encoder of features that have been measured. */
export function encoderOf({ declaration, source }: CheckedLog, measured: MeasuredFeatures): Encoder {
  const { numbers, vectors, vocabularies } = measured;
  const { features, embeddings } = declaration;
  const inputs = features.map((feature) =>
    featureKind(feature).input(feature, { number: numbers.get(feature.name), vector: vectors.get(feature.name) }),
  );
  const tables = embeddings.map((table) => tableSpec(table, inputs, vocabularies));
  const columnKinds = kindsOfColumns(source.relation, features);
  return { features, embeddings, inputs, tables, vocabularies, columnKinds };
}

function kindsOfColumns(relation: Relation, features: readonly Feature[]): Encoder['columnKinds'] {
  const names = new Set(features.flatMap(featureColumns).map(({ column }) => column));
  return Object.fromEntries([...names].map((name) => [name, requiredValue(relation, name).kind]));
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
