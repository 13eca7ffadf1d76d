/**
 * Makes `hillstrom.parquet` beside this file from the published CSV:
 * `npx tsx examples/hillstrom/make.ts hillstrom.csv`
 */
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const COLUMNS = {
  recency: 'INTEGER',
  history_segment: 'VARCHAR',
  history: 'DOUBLE',
  mens: 'TINYINT',
  womens: 'TINYINT',
  zip_code: 'VARCHAR',
  newbie: 'TINYINT',
  channel: 'VARCHAR',
  segment: 'VARCHAR',
  visit: 'TINYINT',
  conversion: 'TINYINT',
  spend: 'DOUBLE',
};

await makeParquet(process.argv[2], fileURLToPath(new URL('hillstrom.parquet', import.meta.url)));

async function makeParquet(csvPath: string | undefined, parquetPath: string): Promise<void> {
  if (csvPath === undefined) throw new TypeError('path of the CSV missing, expected make.ts <hillstrom.csv>');
  // With one thread and the insertion order preserved, the rows are numbered in the order of the CSV.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', preserve_insertion_order: 'true' });
  const connection = await instance.connect();
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${quote(name)}: ${quote(type)}`);
  await connection.run(`
    COPY (
      SELECT (row_number() OVER ()) - 1 AS row, *
      FROM read_csv(${quote(csvPath)}, header = true, auto_detect = false, delim = ',', quote = '"',
        columns = {${columns.join(', ')}})
    ) TO ${quote(parquetPath)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)`);
  connection.closeSync();
  instance.closeSync();
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
