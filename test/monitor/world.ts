/** A shop whose scores are right by construction: candidates scored day by day, and the log of what happened then. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Declaration } from '../../lib/config/declaration.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import type { Monitored } from '../../lib/monitor/monitored.ts';
import { monitor } from '../../lib/monitor/run/monitor.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { type ScoreStatistics, statisticsOf } from '../../lib/table/candidates/score-statistics.ts';
import { type Database, execute, openDatabase, query } from '../../lib/table/database.ts';
import { partKey, putManifest } from './scored-file.ts';

export const VERSIONS = ['20261101-030000-0000aaaa', '20261108-030000-0000bbbb'] as const;
const FIRST_DAY = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;

export const DECLARATION = `name: shop
stages:
  click: { label: click }
  conversion: { label: conversion, at: converted_at, within: 2d }
log: { keys: [id], time: time, outcomes: [spend] }
features:
  item: { type: category, entity: item }
  price: { type: number, entity: item }
report: { segments: [country] }
monitoring: { money: spend }
`;
export const declaration = parseDeclaration(DECLARATION, 'shop.yaml');

/** Factors and events by day, from 0; what is left out is as it should be. */
export interface Faults {
  /** Conversions happen this many times as often as predicted. */
  readonly conversions?: (day: number) => number;
  /** Mean delay of a conversion in days. */
  readonly delay?: (day: number) => number;
  /** Shares of missing prices and of unknown items. */
  readonly missing?: (day: number) => number;
  readonly unknown?: (day: number) => number;
  /** Names of files under which a day's candidates are scored. */
  readonly files?: (day: number) => readonly { readonly name: string; readonly version: string }[];
  /** Prefix of the keys in the log. */
  readonly keyPrefix?: (day: number) => string;
}

export interface World {
  readonly store: Store;
  readonly folder: string;
  /** Writes candidates, scores and `log.parquet` as they are at the end of a day; returns that instant. */
  write(day: number): Promise<number>;
  run(day: number): Promise<Monitored>;
  remove(): Promise<void>;
}

export function dayText(day: number): string {
  return new Date(FIRST_DAY + day * DAY_MS).toISOString().slice(0, 10);
}

/** Makes a world in which so many rows are scored a day; each run goes on until its day. */
export async function makeWorld(
  rows: number,
  seed: number,
  faults: Faults = {},
  declared: Declaration = declaration,
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'monitor-'));
  const bucket = join(folder, 'bucket');
  await mkdir(join(folder, 'logs'), { recursive: true });
  await mkdir(bucket);
  const store = openStore(bucket, {}, folder);
  let written = 0;
  const write = async (day: number) => {
    const until = FIRST_DAY + (day + 1) * DAY_MS;
    const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: folder });
    for (; written <= day; written++) await writeDay(database, { store, folder, day: written, rows, seed, faults });
    // As a job writes it: rows until now, with the conversions until now.
    await execute(
      database,
      `COPY (SELECT id, make_timestamp_ms(t) AS time, click, CASE WHEN came < ${until} THEN conversion ELSE 0 END AS conversion,
         CASE WHEN came < ${until} THEN make_timestamp_ms(came) END AS converted_at, country,
         CASE WHEN came < ${until} THEN 20.0 * conversion ELSE 0 END AS spend
         FROM '${join(folder, 'logs', '*.parquet')}' WHERE t < ${until}) TO '${join(folder, 'log.parquet')}' (FORMAT parquet)`,
    );
    await database.close();
    return until;
  };
  return {
    store,
    folder,
    write,
    async run(day) {
      const until = await write(day);
      return monitor({
        store,
        declaration: declared,
        dataPath: join(folder, 'log.parquet'),
        scratch: folder,
        threads: 1,
        memoryLimitMiB: 512,
        now: new Date(until),
        usdPerSecond: 1e-5,
      });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

interface DayOptions {
  readonly store: Store;
  readonly folder: string;
  readonly day: number;
  readonly rows: number;
  readonly seed: number;
  readonly faults: Faults;
}

async function writeDay(database: Database, { store, folder, day, rows, seed, faults }: DayOptions): Promise<void> {
  const start = FIRST_DAY + day * DAY_MS;
  const uniform = (name: string) => `((hash('${seed} ${day} ${name} ' || i) >> 11) / 9007199254740992.0)`;
  const logistic = (name: string) => `ln(${uniform(name)} / (1 - ${uniform(name)}))`;
  const { conversions = () => 1, delay = () => 0.3, keyPrefix = () => 'k' } = faults;
  await execute(
    database,
    `CREATE OR REPLACE TABLE day AS
     WITH p AS (SELECT i, 1 / (1 + exp(2.2 - 0.5 * ${logistic('a')})) AS pctr, 1 / (1 + exp(1.4 - 0.5 * ${logistic('b')})) AS pcvr FROM range(${rows}) rows(i)),
     c AS (SELECT *, CAST(${uniform('click')} < pctr AS INTEGER) AS click FROM p),
     v AS (SELECT *, CAST(click = 1 AND ${uniform('conversion')} < pcvr * ${conversions(day)} AS INTEGER) AS conversion,
       ${start} + CAST(${DAY_MS} * (i + 0.5) / ${rows} AS BIGINT) AS t FROM c)
     SELECT *, CASE WHEN conversion = 1 THEN t + CAST(least(1.99, -ln(${uniform('delay')}) * ${delay(day)}) * ${DAY_MS} AS BIGINT) END AS came FROM v`,
  );
  await execute(
    database,
    `COPY (SELECT '${keyPrefix(day)}${day}-' || i AS id, t, click, conversion, came, CASE WHEN i % 3 = 0 THEN 'DE' ELSE 'FR' END AS country FROM day)
     TO '${join(folder, 'logs', `${day}.parquet`)}' (FORMAT parquet)`,
  );
  const files = faults.files?.(day) ?? [{ name: 'all', version: VERSIONS[0] }];
  for (const [index, { name, version }] of files.entries()) {
    const path = join(folder, 'part.parquet');
    await execute(
      database,
      `COPY (SELECT 'k${day}-' || i AS id, CAST(pctr AS FLOAT) AS pctr, CAST(pcvr AS FLOAT) AS pcvr, CAST(pctr * pcvr AS FLOAT) AS pctcvr FROM day) TO '${path}' (FORMAT parquet)`,
    );
    const file = `dt=${dayText(day)}/${name}.parquet`;
    await store.putFile(partKey({ file, index }), path);
    await putManifest(store, {
      file,
      index,
      version,
      rows,
      finishedAt: new Date(start + index),
      features: {
        item: {
          rows,
          missing: 0,
          values: rows,
          unknown: Math.round(rows * (faults.unknown?.(day) ?? 0.02)),
          usual: { missing: 0, unknown: 0.02 },
        },
        price: {
          rows,
          missing: Math.round(rows * (faults.missing?.(day) ?? 0.01)),
          values: rows,
          unknown: null,
          usual: { missing: 0.01, unknown: 0 },
        },
      },
      outputs: await statistics(database),
      seconds: 2,
    });
  }
}

async function statistics(database: Database): Promise<ScoreStatistics> {
  const rows = await query(database, 'SELECT pctr, pcvr, pctr * pcvr AS pctcvr FROM day');
  const column = (name: string) => Float32Array.from(rows, (row) => Number(row[name]));
  return statisticsOf({ pctr: column('pctr'), pcvr: column('pcvr'), pctcvr: column('pctcvr') });
}
