/** Entities' tables as a plan of scoring names them. */
import type { TableRows } from '../../../lib/table/candidates/join-tables.ts';
import type { Column } from '../../../lib/table/columns.ts';
import { readParquetFacts } from '../../../lib/table/formats/parquet/file.ts';
import type { workplace } from '../fixture.ts';

export const USER = { entity: 'user', key: 'user_id', missing: 'unknown' } as const;

/** A table of a query's rows, its key the first column. */
export async function tableOf(
  place: ReturnType<typeof workplace>,
  name: string,
  sql: string,
  entity: TableRows['entity'] = USER,
): Promise<TableRows> {
  const path = await place.write(name, sql);
  const { columns } = await readParquetFacts(place.database, path, path);
  const [key, ...others] = columns as [Column, ...Column[]];
  return { entity, place: `features/${entity.entity}/`, key, columns: others, paths: [path] };
}
