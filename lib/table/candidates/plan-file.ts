/** Plans a candidate file: checks that its content fits its name, checks its columns, and divides it into shards. */
import { MAX_SHARD_BYTES, MAX_UNZIPPED_BYTES } from '../../contract/limits.ts';
import { byteText } from '../../numbers/text.ts';
import { checkCandidateColumns } from '../check/check-columns.ts';
import type { Database } from '../database.ts';
import { DataError } from '../errors.ts';
import { type CandidateFile, firstBytes } from '../source/candidate-file.ts';
import { type Format, formatOf } from '../source/source.ts';
import { withTables } from './join-tables.ts';
import type { CandidatePlan, PlanOptions } from './plan.ts';
import { planCsv } from './plan-csv.ts';
import { planParquet } from './plan-parquet.ts';

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
  const { encoder, declaration, findTables } = options;
  const { maxShardBytes = MAX_SHARD_BYTES, maxUnzippedBytes = MAX_UNZIPPED_BYTES } = options;
  const { name, size } = file;
  const format = formatOf(name);
  await assertContent(file, format);
  assertCsvSize(file, format, options.maxCsvBytes ?? Number.POSITIVE_INFINITY);
  const limits = { ...options, maxShardBytes, maxUnzippedBytes };
  const plan =
    format === 'parquet'
      ? await planParquet(database, file, limits)
      : { format, size, ...(await planCsv(database, file, limits)) };
  const found = (await findTables?.(plan.columns)) ?? [];
  if (encoder !== undefined && declaration !== undefined) {
    const places = [name, ...found.map(({ place }) => place)].join(' and ');
    const relation = { from: '', columns: plan.columns, isText: format === 'csv', name: places };
    checkCandidateColumns(withTables(relation, found), declaration, encoder.features);
  }
  const featureTables = found.flatMap(({ pin }) => pin ?? []);
  return featureTables.length === 0 ? plan : { ...plan, featureTables };
}

/** Refuses a file whose first bytes are not of the format that its name says. */
async function assertContent(file: CandidateFile, format: Format): Promise<void> {
  const { name, size } = file;
  if (size === 0) throw new DataError('empty_file', `${name} is empty: 0 bytes`);
  const head = await firstBytes(file, 4);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  if (format === 'csv' && head.toString('latin1') === 'PAR1')
    throw new DataError('wrong_format', `${name} is a Parquet file, expected CSV by its name`);
  if (name.endsWith('.gz') && !isGzip)
    throw new DataError('wrong_format', `${name} is not gzip, expected it by its name`);
  if (name.endsWith('.csv') && isGzip)
    throw new DataError('wrong_format', `${name} is gzip, expected plain CSV by its name: end it in .csv.gz`);
}

function assertCsvSize({ name, size }: CandidateFile, format: Format, limit: number): void {
  if (format === 'csv' && size > limit && !name.endsWith('.gz'))
    throw new DataError(
      'too_large',
      `${name} has ${byteText(size)}, expected at most ${byteText(limit)} in CSV: use Parquet, or several files`,
    );
}
