/** Writes a canary: a candidate file of one valid row, which shows that a deployment scores. */
import type { Declaration } from '../../config/declaration.ts';
import { type Database, execute, identifier, literal } from '../database.ts';
import { idSourceKind } from '../kinds/id-sources.ts';
import { featureColumns, featureKind } from '../kinds/index.ts';
import { writePath } from '../paths.ts';

/** The value of the canary's key columns. */
export const CANARY_KEY = 'entirespace-doctor';

/** Writes the canary of a declaration to a Parquet file. Columns that candidates may lack are left out. */
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
  await execute(database, `COPY (SELECT ${row}) TO ${writePath(path)} (FORMAT parquet)`);
}
