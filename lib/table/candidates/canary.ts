/** A candidate file that every model of a declaration can score: one row of plain values. */
import type { Declaration, Feature } from '../../config/declaration.ts';
import { type Database, execute, identifier, literal } from '../database.ts';

/** The value of the key columns. */
export const CANARY_KEY = 'entirespace-doctor';

/** Writes the row as Parquet. Columns with a value for scoring are left out. */
export async function writeCanary(
  database: Database,
  { log, features, embeddings }: Pick<Declaration, 'log' | 'features' | 'embeddings'>,
  path: string,
): Promise<void> {
  const isReadyId = (table: string | null) => embeddings.some(({ name, ids }) => name === table && ids.kind === 'ids');
  const columns = new Map(log.keys.map((key) => [key, literal(CANARY_KEY)]));
  for (const feature of features.filter(({ atScoring }) => atScoring === undefined))
    for (const [column, sql] of valuesOf(feature, isReadyId(feature.embedding))) columns.set(column, sql);
  const row = [...columns].map(([name, sql]) => `${sql} AS ${identifier(name)}`).join(', ');
  await execute(database, `COPY (SELECT ${row}) TO ${literal(path)} (FORMAT parquet)`);
}

function valuesOf(feature: Feature, isReadyId: boolean): [column: string, sql: string][] {
  // The first of ready ids is there in a table of any size; any other text is at worst an unknown value.
  const text = isReadyId ? "'0'" : "'1'";
  switch (feature.type) {
    case 'number':
      return [[feature.column, 'CAST(1 AS DOUBLE)']];
    case 'category':
      return [[feature.column, text]];
    case 'bag': {
      const asBag = (sql: string) => (feature.delimiter === null ? `[${sql}]` : sql);
      const weights = feature.delimiter === null ? '[CAST(1 AS DOUBLE)]' : "'1'";
      return [
        [feature.column, asBag(text)],
        ...(feature.weights === null ? [] : [[feature.weights, weights] as [string, string]]),
      ];
    }
  }
}
