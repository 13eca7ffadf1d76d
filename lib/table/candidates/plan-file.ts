/** Plans a candidate file: checks that its content fits its name, checks its columns, and divides it into shards. */
import { CSV_DEFAULTS } from '../../config/sections/csv.ts';
import { MAX_SHARD_BYTES, MAX_UNZIPPED_BYTES } from '../../contract/limits.ts';
import { checkCandidateColumns } from '../check/required-columns.ts';
import { byPosition } from '../columns.ts';
import type { Database } from '../database.ts';
import type { CandidateFile } from '../formats/candidate-file.ts';
import { FORMATS, formatOf, readHead } from '../formats/index.ts';
import { plainPath } from '../paths.ts';
import { withTables } from './join-tables.ts';
import { neededColumns } from './needed-columns.ts';
import type { CandidatePlan, PlanOptions } from './plan.ts';

/**
 * Divides a candidate file into shards. Only the footer of a Parquet file is read; CSV is scanned once. A file without
 * rows has no shards.
 * @throws {DataError} if the file cannot be scored at all.
 */
export async function planCandidates(
  database: Database,
  file: CandidateFile,
  options: PlanOptions,
): Promise<CandidatePlan> {
  const { encoder, declaration, findTables, shardRows, savePiece } = options;
  const format = formatOf(file.name);
  const { cut, isText } = FORMATS[format];
  const csv = declaration?.csv ?? CSV_DEFAULTS;
  const fileCut = await cut(
    database,
    { ...file, path: await plainPath(database, file.path) },
    {
      csv,
      head: await readHead(file, format),
      shardRows,
      maxShardBytes: options.maxShardBytes ?? MAX_SHARD_BYTES,
      maxUnzippedBytes: options.maxUnzippedBytes ?? MAX_UNZIPPED_BYTES,
      maxCsvBytes: options.maxCsvBytes ?? Number.POSITIVE_INFINITY,
      ...(savePiece && { savePiece }),
      neededColumns: (columns) => neededColumns({ columns, name: file.name }, declaration, encoder),
    },
  );
  const plan = { format, ...fileCut };
  const found = (await findTables?.(plan.columns)) ?? [];
  if (encoder !== undefined && declaration !== undefined) {
    const places = [file.name, ...found.map(({ place }) => place)].join(' and ');
    const relation = { from: '', columns: byPosition(plan.columns), isText, texts: csv, name: places };
    checkCandidateColumns(withTables(relation, found), declaration, encoder.features);
  }
  const featureTables = found.flatMap(({ pin }) => pin ?? []);
  return featureTables.length === 0 ? plan : { ...plan, featureTables };
}
