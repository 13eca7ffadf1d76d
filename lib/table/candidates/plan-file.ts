/** Plans a candidate file: checks that its content fits its name, checks its columns, and divides it into shards. */
import { CSV_DEFAULTS } from '../../config/sections/csv.ts';
import { MAX_SHARD_BYTES, MAX_UNZIPPED_BYTES } from '../../contract/limits.ts';
import { checkCandidateColumns } from '../check/required-columns.ts';
import type { FileColumn } from '../columns.ts';
import type { Database } from '../database.ts';
import type { Encoder } from '../encoder.ts';
import { asDataError, DataError } from '../errors.ts';
import type { CandidateFile } from '../formats/candidate-file.ts';
import { FORMATS, formatOf, readHead } from '../formats/index.ts';
import { withoutValues } from '../formats/parquet/file.ts';
import { columnsOf } from '../path-columns.ts';
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
  const { encoder, declaration, findTables, shardRows, lastRows = shardRows, savePiece } = options;
  const format = formatOf(file.name);
  const { cut, isText } = FORMATS[format];
  const csv = declaration?.csv ?? CSV_DEFAULTS;
  const plain = { ...file, path: await plainPath(database, file.path) };
  const cutting = {
    csv,
    head: await readHead(file, format),
    shardRows,
    lastRows,
    maxShardBytes: options.maxShardBytes ?? MAX_SHARD_BYTES,
    maxUnzippedBytes: options.maxUnzippedBytes ?? MAX_UNZIPPED_BYTES,
    maxCsvBytes: options.maxCsvBytes ?? Number.POSITIVE_INFINITY,
    ...(savePiece && { savePiece }),
    needsBounds: encoder !== undefined && hasIntegerIds(encoder),
    neededColumns: (columns: readonly FileColumn[]) =>
      neededColumns({ columns, name: file.name }, declaration, encoder),
  };
  const fileCut = await asDataError(file.name, () => cut(database, plain, cutting));
  const found = (await findTables?.(columnsOf(file.name, fileCut.columns))) ?? [];
  const check = (columns: readonly FileColumn[]) => {
    if (encoder === undefined || declaration === undefined) return;
    const name = [file.name, ...found.map(({ place }) => place)].join(' and ');
    const relation = { from: '', columns: columnsOf(file.name, columns), isText, texts: csv, name };
    checkCandidateColumns(withTables(relation, found), declaration, encoder.features);
  };
  const columns = await asDataError(file.name, () =>
    readableColumns(database, plain.path, fileCut.columns, isText ? null : check),
  );
  check(columns);
  const plan = { format, ...fileCut, columns };
  const featureTables = found.flatMap(({ pin }) => pin ?? []);
  return featureTables.length === 0 ? plan : { ...plan, featureTables };
}

/** Whether integers of the candidates are ids of an embedding table, which are read faster where bounds are known. */
function hasIntegerIds({ embeddings }: Pick<Encoder, 'embeddings'>): boolean {
  return embeddings.some(({ ids }) => ids.kind === 'ids');
}

/**
 * Returns the columns of a Parquet file, those without any value marked as such if a check refuses the types that they
 * have: pandas writes a column of nothing but `None` as integers.
 */
async function readableColumns(
  database: Database,
  path: string,
  columns: readonly FileColumn[],
  check: ((columns: readonly FileColumn[]) => void) | null,
): Promise<readonly FileColumn[]> {
  try {
    check?.(columns);
    return columns;
  } catch (error) {
    if (!(error instanceof DataError) || error.code !== 'column_types') throw error;
    return withoutValues(database, path, columns);
  }
}
