/** A database and a folder for tests of synthetic logs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { DEFAULTS, type SynthOptions } from '../../lib/synth/options.ts';
import { type SynthTruth, type WriteOptions, writeLog } from '../../lib/synth/write-log.ts';
import { type Database, openDatabase, query } from '../../lib/table/database.ts';

export interface SynthPlace {
  at(name: string): string;
  /** Opens an empty database. */
  database(threads?: number): Promise<Database>;
  /** Writes a log with a database of its own, which stays for queries of `users` and `items`. */
  write(name: string, options: Partial<SynthOptions>, how?: Partial<WriteOptions>): Promise<Written>;
}

export interface Written {
  readonly truth: SynthTruth;
  readonly options: SynthOptions;
  readonly database: Database;
  /** Rows of a query of the log, which is `FROM log`. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** A small log of frequent clicks and conversions, in which much is to be seen of few rows. */
const SMALL: SynthOptions = {
  ...DEFAULTS,
  rows: 2000,
  users: 500,
  items: 300,
  clickRate: 0.2,
  conversionRate: 0.3,
  days: 10,
  seed: 7,
};

export function synthPlace(): SynthPlace {
  let folder = '';
  const opened: Database[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'synth-'));
  });
  afterAll(async () => {
    for (const database of opened) await database.close();
    await rm(folder, { recursive: true });
  });
  const place: SynthPlace = {
    at: (name) => join(folder, name),
    async database(threads = 2) {
      const database = await openDatabase({ threads, memoryLimitMiB: 512, scratch: folder });
      opened.push(database);
      return database;
    },
    async write(name, own, how = {}) {
      const options = { ...SMALL, ...own };
      const database = await place.database();
      const truth = await writeLog(database, options, {
        folder: place.at(name),
        rowsOfFile: 1_000_000,
        atOnce: 2,
        signal: new AbortController().signal,
        onProgress: () => undefined,
        ...how,
      });
      const log = `read_parquet('${place.at(name)}/log/*.parquet')`;
      return { truth, options, database, query: (sql) => query(database, sql.replaceAll(/\blog\b/g, log)) };
    },
  };
  return place;
}
