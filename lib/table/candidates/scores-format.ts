/** How files of scores are written: Parquet, or CSV as in RFC 4180, of which every number reads back as it was. */
import type { ScoresFormat } from '../../contract/bucket.ts';
import { type Database, execute } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { readPath, writePath } from '../paths.ts';

const CSV = `FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"'`;

const COPY_OPTIONS: Readonly<Record<ScoresFormat, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1',
  csv: CSV,
  'csv.gz': `${CSV}, COMPRESSION gzip`,
};

/** Returns the options of a COPY that writes scores. */
export function copyOptions(format: ScoresFormat): string {
  return COPY_OPTIONS[format];
}

/** Writes the rows of a Parquet file of scores in another format. */
export function convertScores(database: Database, from: string, to: string, format: ScoresFormat): Promise<void> {
  return execute(database, `COPY (SELECT * FROM ${parquetScan([from])}) TO ${writePath(to)} (${copyOptions(format)})`);
}

/** Reads scores that are CSV, plain or gzip, into a Parquet file whose columns are all text. */
export function csvToParquet(database: Database, from: string, to: string): Promise<void> {
  const texts = `read_csv(${readPath(from)}, header = true, delim = ',', quote = '"', escape = '"', all_varchar = true, allow_quoted_nulls = false)`;
  return execute(database, `COPY (SELECT * FROM ${texts}) TO ${writePath(to)} (${copyOptions('parquet')})`);
}
