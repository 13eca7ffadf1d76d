/** A candidate file that every model of a declaration can score: one row of plain values. */
import type { Declaration } from '../../config/declaration.ts';
import { type Database, execute, identifier, literal } from '../database.ts';
import { idSourceKind } from '../kinds/id-sources.ts';
import { featureColumns, featureKind } from '../kinds/index.ts';

/** The value of the key columns. */
export const CANARY_KEY = 'entirespace-doctor';

/** Writes the row as Parquet. Columns with a value for scoring are left out. */
export async function writeCanary(
  database: Database,
  { log, features, embeddings }: Pick<Declaration, 'log' | 'features' | 'embeddings'>,
  path: string,
): Promise<void> {
  const columns = new Map(log.keys.map((key) => [key, literal(CANARY_KEY)]));
  for (const feature of features) {
    const ids = embeddings.find(({ name }) => name === feature.embedding)?.ids;
    const values = featureKind(feature).canary(feature, literal(ids === undefined ? '' : idSourceKind(ids).anyText));
    for (const [index, { column, atScoring }] of featureColumns(feature).entries()) {
      const value = values[index];
      if (atScoring === undefined && value !== undefined) columns.set(column, value);
    }
  }
  const row = [...columns].map(([name, sql]) => `${sql} AS ${identifier(name)}`).join(', ');
  await execute(database, `COPY (SELECT ${row}) TO ${literal(path)} (FORMAT parquet)`);
}
