/** Measures every feature in the training rows: all that an encoder, a summary and its notes are made of. */
import type { Declaration, EmbeddingTable, Feature } from '../../../config/declaration.ts';
import { isList } from '../../../config/features/kinds.ts';
import type { PreparedLog } from '../../check/prepared-rows.ts';
import type { Database } from '../../database.ts';
import type { Vocabulary } from '../../encoder.ts';
import type { VectorStatistics } from '../../kinds/feature-kind.ts';
import { featureKind } from '../../kinds/index.ts';
import { type RunPart, untold } from '../../log-progress.ts';
import { createVocabulary } from '../vocabularies.ts';
import { type BagFacts, measureBags } from './bags.ts';
import { measureNumbers, NUMBER_PASSES, type NumberFacts, type NumberToMeasure } from './numbers.ts';
import { createTally, dropTallies, type Tally, type TopValue, topValues } from './tallies.ts';
import { measureVectors, VECTOR_PASSES } from './vectors.ts';

/** What is known of the values of a category, bag, sequence or cross in the training rows. */
export interface ValueFacts extends Omit<Tally, 'table'> {
  /** Most frequent values. */
  readonly top: readonly TopValue[];
}

/** What is known of the features of a log, by feature. */
export interface MeasuredFeatures {
  /** Numbers, and the means of the values of each vector. */
  readonly numbers: ReadonlyMap<string, NumberFacts>;
  readonly vectors: ReadonlyMap<string, VectorStatistics>;
  readonly bags: ReadonlyMap<string, BagFacts>;
  /** Categories, crosses, bags and sequences. */
  readonly values: ReadonlyMap<string, ValueFacts>;
  /** Vocabularies by embedding table, for tables that have one. */
  readonly vocabularies: Readonly<Record<string, Vocabulary>>;
}

/** How often `measureFeatures` reads the rows: for each number and vector several times, for each embedded value once. */
export function passesToMeasure({ features, embeddings }: Declaration): number {
  const { numbers, vectors, bags } = featuresToMeasure(features, embeddings);
  const embedded = embeddings.flatMap((table) => embeddedIn(table, features));
  return NUMBER_PASSES * numbers.length + VECTOR_PASSES * vectors.length + (bags.length > 0 ? 1 : 0) + embedded.length;
}

/** Measures the features of a log's declaration, in `passesToMeasure` passes. */
export async function measureFeatures(
  database: Database,
  log: PreparedLog,
  run: RunPart = untold,
): Promise<MeasuredFeatures> {
  const { features, embeddings } = log.declaration;
  const { numbers, vectors, bags } = featuresToMeasure(features, embeddings);
  return {
    numbers: await measureNumbers(database, log, numbers, run),
    vectors: await measureVectors(database, log, vectors, run),
    bags: await run(bags.length > 0 ? 1 : 0, () => measureBags(database, log, bags)),
    ...(await measureValues(database, log, embeddings, run)),
  };
}

function featuresToMeasure(features: readonly Feature[], embeddings: readonly EmbeddingTable[]) {
  const intervals = (feature: Feature) => {
    const ids = embeddings.find(({ name }) => name === feature.embedding)?.ids;
    return ids?.kind === 'quantiles' ? ids.count : null;
  };
  const numbers = features.flatMap((feature): NumberToMeasure[] => {
    if (feature.type === 'number') return [{ feature, transform: feature, intervals: intervals(feature) }];
    // What is reported of a vector is that of the mean of its values.
    return feature.type === 'vector' ? [{ feature, transform: { clip: null, log1p: false }, intervals: null }] : [];
  });
  const vectors = features.filter((feature) => feature.type === 'vector');
  const bags = features.filter(isList);
  return { numbers, vectors, bags };
}

/** The features whose values a table embeds. */
function embeddedIn({ name }: EmbeddingTable, features: readonly Feature[]): Feature[] {
  return features.filter((one) => one.embedding === name && featureKind(one).scale === 'nominal');
}

/** Measures the values that are embedded, table by table, since features that share one share its vocabulary. */
async function measureValues(
  database: Database,
  log: PreparedLog,
  tables: readonly EmbeddingTable[],
  run: RunPart,
): Promise<Pick<MeasuredFeatures, 'values' | 'vocabularies'>> {
  const { features } = log.declaration;
  const values = new Map<string, ValueFacts>();
  const vocabularies: Record<string, Vocabulary> = {};
  for (const table of tables) {
    const own = embeddedIn(table, features);
    const tallies: Tally[] = [];
    for (const feature of own) tallies.push(await run(1, () => createTally(database, log, feature)));
    const vocabulary = await createVocabulary(database, tallies, table, features);
    for (const [index, { name }] of own.entries()) {
      const { table: _, ...facts } = tallies[index] as Tally;
      values.set(name, { ...facts, top: await topValues(database, tallies[index] as Tally, vocabulary) });
    }
    await dropTallies(database, tallies);
    if (vocabulary !== null) vocabularies[table.name] = vocabulary;
  }
  return { values, vocabularies };
}
