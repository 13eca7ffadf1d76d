/** Feature tables for tests. */
import type { TableRows } from '../../../lib/table/candidates/join-tables.ts';
import { byPosition, type Column } from '../../../lib/table/columns.ts';
import { positionalScan, readParquetFacts } from '../../../lib/table/formats/parquet/file.ts';
import type { workplace } from '../fixture.ts';

/** The users, who may be unknown. */
export const USER = { entity: 'user', key: 'user_id', missing: 'unknown' } as const;

/** Writes the rows of a query to a file, and returns it as a feature table whose key is the first column. */
export async function tableOf(
  place: ReturnType<typeof workplace>,
  name: string,
  sql: string,
  entity: TableRows['entity'] = USER,
): Promise<TableRows> {
  const path = await place.write(name, sql);
  const { columns } = await readParquetFacts(place.database, path, path);
  const [key, ...others] = byPosition(columns) as [Column, ...Column[]];
  return { entity, place: `features/${entity.entity}/`, key, columns: others, from: positionalScan([path], columns) };
}
