/** Measures monitoring: how long a month of scores takes to be joined with its outcomes, and in how much memory. */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { count } from '../lib/numbers/text.ts';
import { openStore } from '../lib/store/open-store.ts';
import { type Database, execute } from '../lib/table/database.ts';
import { partKey, putManifest } from '../test/monitor/scored-file.ts';

const FIRST_DAY = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;

export interface MonitoringBench {
  readonly database: Database;
  readonly scratch: string;
  /** Rows that are scored a day; all of them are in the log. */
  readonly rows: number;
  readonly days: number;
  /** Memory of DuckDB, as `entirespace monitor --memory`. */
  readonly memoryMiB: number;
}

/** Makes the days, runs monitoring in a process of its own, and prints its time and its largest resident set. */
export async function benchMonitoring({ database, scratch, rows, days, memoryMiB }: MonitoringBench): Promise<void> {
  const folder = join(scratch, 'monitoring');
  for (let day = 0; day < days; day++) await writeDay(database, folder, { day, rows });
  const run = fileURLToPath(new URL('monitoring-process.ts', import.meta.url));
  const args = ['--import', 'tsx', run, folder, String(memoryMiB), String(FIRST_DAY + (days + 1) * DAY_MS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  console.log(`monitoring, ${count(days)} days of ${count(rows)} rows, --memory ${memoryMiB}: ${stdout.trim()}`);
  await rm(folder, { recursive: true });
}

/** Writes the scores of a day, and its partition of the log: 16 columns, of which the join reads the keys and labels. */
async function writeDay(
  database: Database,
  folder: string,
  { day, rows }: { readonly day: number; readonly rows: number },
): Promise<void> {
  const start = FIRST_DAY + day * DAY_MS;
  const date = new Date(start).toISOString().slice(0, 10);
  const scored = { file: `dt=${date}/all.parquet`, index: 0, version: '20261031-030000-0000aaaa' };
  for (const path of [`logs/dt=${date}`, `bucket/scores/dt=${date}/all.parquet`])
    await mkdir(join(folder, path), { recursive: true });
  const uniform = (name: string) => `((hash('${day} ${name} ' || i) >> 11) / 9007199254740992.0)`;
  const row = `SELECT i, hash('${day} user ' || i) % 100000000 AS user_id, 'item-' || i AS item_id,
    0.02 + 0.2 * ${uniform('a')} AS pctr, 0.02 + 0.2 * ${uniform('b')} AS pcvr, ${uniform('c')} AS c, ${uniform('d')} AS v
    FROM range(${rows}) rows(i)`;
  await execute(
    database,
    `COPY (SELECT user_id, item_id, CAST(pctr AS FLOAT) AS pctr, CAST(pcvr AS FLOAT) AS pcvr,
      CAST(pctr * pcvr AS FLOAT) AS pctcvr FROM (${row})) TO '${join(folder, 'bucket', partKey(scored))}' (FORMAT parquet)`,
  );
  const time = `make_timestamp_ms(${start} + CAST(${DAY_MS} * (i + 0.5) / ${rows} AS BIGINT))`;
  const features = Array.from({ length: 8 }, (_, column) => `CAST(hash(i, ${column}) % 1000 AS INTEGER) AS f${column}`);
  await execute(
    database,
    `COPY (SELECT user_id, item_id, ${time} AS time, click, conversion,
      CASE WHEN conversion = 1 THEN ${time} + INTERVAL 5 HOUR END AS converted_at,
      'country ' || i % 20 AS country, 20.0 * conversion AS spend, ${features.join(', ')}
      FROM (SELECT *, CAST(c < pctr AS INTEGER) AS click, CAST(c < pctr AND v < pcvr AS INTEGER) AS conversion FROM (${row})))
     TO '${join(folder, `logs/dt=${date}/part.parquet`)}' (FORMAT parquet)`,
  );
  await putManifest(openStore(join(folder, 'bucket')), { ...scored, rows, finishedAt: new Date(start) });
}
