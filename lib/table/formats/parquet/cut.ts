/** Divides a Parquet file into shards. Only its footer is read. */
import { byteText } from '../../../numbers/text.ts';
import { type Bounds, columnKind, type FileColumn } from '../../columns.ts';
import type { Database } from '../../database.ts';
import { DataError } from '../../errors.ts';
import type { CandidateFile } from '../candidate-file.ts';
import type { CutOptions, FileCut, Shard } from '../format.ts';
import { type RowGroup, readBounds, readParquetFacts, readRowGroups } from './file.ts';
import { fetchFooter, groupBytes } from './row-groups.ts';

// The requests for smaller shards cost more time than these shards save.
const MIN_SHARD_ROWS = 1_000;

/**
 * Divides a Parquet file into shards of `shardRows` rows, or fewer if a shard would need too many bytes of the file, and
 * a last one of `lastRows`.
 */
export async function cutParquet(
  database: Database,
  file: CandidateFile,
  { shardRows, lastRows, maxShardBytes, neededColumns, needsBounds = false }: CutOptions,
): Promise<FileCut> {
  const { name, path, size } = file;
  await fetchFooter(file);
  const [facts, bounds] = await Promise.all([
    readParquetFacts(database, path, name),
    needsBounds ? readBounds(database, path) : new Map<string, Bounds>(),
  ]);
  const { rows } = facts;
  const columns = facts.columns.map((column) => bounded(column, bounds));
  // No shard of a file needs more bytes than the whole of it.
  const groups = size <= maxShardBytes ? [] : await readRowGroups(database, path, neededColumns(columns));
  const rowsPerShard = fittingRows(groups, rows, { shardRows, maxShardBytes, name });
  return { columns, size, rows, dialect: null, shards: shardsOf(rows, rowsPerShard, lastRows), notes: [] };
}

/**
 * Divides rows into shards of so many, and cuts `lastRows` off the last one where it has more than twice as many. A file
 * of one shard stays whole, so that its keys are all compared.
 */
function shardsOf(rows: number, rowsPerShard: number, lastRows: number): Shard[] {
  const starts: number[] = [];
  for (let firstRow = 0; firstRow < rows; firstRow += rowsPerShard) starts.push(firstRow);
  if (starts.length > 1 && rows - (starts.at(-1) as number) > 2 * lastRows) starts.push(rows - lastRows);
  return starts.map((firstRow, index) => ({ index, firstRow, rows: (starts[index + 1] ?? rows) - firstRow }));
}

function bounded(column: FileColumn, bounds: ReadonlyMap<string, Bounds>): FileColumn {
  const own = columnKind(column.type) === 'integer' ? bounds.get(column.name) : undefined;
  return own === undefined ? column : { ...column, bounds: own };
}

/**
 * Returns the rows of a shard: `shardRows`, halved until no shard needs more than `maxShardBytes`.
 * @throws {DataError} `row_group_too_large` if one row group alone needs more.
 */
function fittingRows(
  groups: readonly RowGroup[],
  rows: number,
  {
    shardRows,
    maxShardBytes,
    name,
  }: { readonly shardRows: number; readonly maxShardBytes: number; readonly name: string },
): number {
  for (const [index, group] of groups.entries()) {
    const bytes = groupBytes(group);
    if (bytes > maxShardBytes)
      throw new DataError(
        'row_group_too_large',
        `${name}: the columns needed of row group ${index} have ${byteText(bytes)}, expected at most ${byteText(maxShardBytes)}: write smaller row groups (pyarrow row_group_size, DuckDB ROW_GROUP_SIZE, Spark parquet.block.size)`,
      );
  }
  for (let fitting = shardRows; ; fitting = Math.ceil(fitting / 2))
    if (fitting <= MIN_SHARD_ROWS || largestShard(groups, rows, fitting) <= maxShardBytes) return fitting;
}

/**
 * Returns the bytes that the largest of the shards of `shardRows` rows needs. `groups` are in the order of their rows.
 */
function largestShard(groups: readonly RowGroup[], rows: number, shardRows: number): number {
  let largest = 0;
  let first = 0;
  for (let firstRow = 0; firstRow < rows; firstRow += shardRows) {
    const ended = firstRow + shardRows;
    let bytes = 0;
    for (let at = first; at < groups.length; at += 1) {
      const group = groups[at] as RowGroup;
      if (group.firstRow >= ended) break;
      bytes += groupBytes(group);
      // A group with rows of the next shard belongs to that one, too.
      first = group.firstRow + group.rows > ended ? at : at + 1;
    }
    largest = Math.max(largest, bytes);
  }
  return largest;
}
