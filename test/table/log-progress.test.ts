import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBScalarFunction, INTEGER } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Declaration } from '../../lib/config/declaration.ts';
import {
  type Database,
  execute,
  literal,
  openDatabase,
  query,
  STATEMENTS,
  withConnection,
} from '../../lib/table/database.ts';
import { validateLog } from '../../lib/table/fit/validate.ts';
import { type LogProgress, type PhaseOptions, type RunPart, runPhase } from '../../lib/table/log-progress.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { readColumns } from '../../lib/table/read-columns.ts';
import { bag, category, cross, declare, number, table, vector, workplace } from './fixture.ts';

const place = workplace();
const ROWS = 20_000;
const limits = { threads: 1, memoryLimitMiB: 1024 };

/** A log with both classes of each label in each part, and columns of every kind of feature. */
const logSql = (rows: number) => `SELECT i AS row, i % 3 = 0 AS click, i % 6 = 0 AS conversion,
  ['train', 'train', 'validation', 'test'][i % 4 + 1] AS part, i % 7 AS shop, i % 11 AS item, i % 100 AS price,
  [i % 5, i % 6] AS history, [i % 2, i % 3, i % 4] AS place FROM range(${rows}) AS log(i)`;

let path: string;
beforeAll(async () => {
  path = await place.write('log.parquet', logSql(ROWS));
});

describe('the share of a statement', () => {
  let folder: string;
  let watched: Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entirespace-share-'));
    watched = await openDatabase({ ...limits, scratch: folder, isWatched: true });
  });
  afterAll(async () => {
    await watched.close();
    await rm(folder, { recursive: true, force: true });
  });

  const million = () => place.write('million.parquet', 'SELECT CAST(i AS INTEGER) AS i FROM range(1000000) AS rows(i)');

  /** Reads a million rows, and returns the share after so many of them. */
  async function sharesOf(database: Database, moments: readonly number[]): Promise<(number | null)[]> {
    const file = await million();
    const shares: (number | null)[] = [];
    await withConnection(database, async (connection) => {
      let read = 0;
      const sql = `SELECT i FROM read_parquet(${literal(file)})`;
      for await (const { rows } of readColumns(connection, sql, [{ type: 'INTEGER', length: null }])) {
        if (moments.some((moment) => read < moment && moment <= read + rows)) shares.push(database.share());
        read += rows;
      }
    });
    return shares;
  }

  it('rises while rows are taken from a statement, some of which DuckDB has read before', async () => {
    const [first, middle, last] = (await sharesOf(watched, [1, 350_000, 700_000])) as [number, number, number];
    expect(first).toBeLessThan(0.4);
    expect(middle).toBeGreaterThan(0.5);
    expect(middle).toBeLessThan(0.7);
    expect(last).toBeGreaterThan(0.8);
    expect(last).toBeLessThanOrEqual(1);
  });

  /** Runs a statement over `seen(i)`, and returns the share each time that DuckDB computes it. */
  async function sharesWhile(sql: string, scans?: number | null): Promise<number[]> {
    const shares: (number | null)[] = [];
    await withConnection(watched, async (connection) => {
      const name = watched.uniqueName('seen');
      const seen = DuckDBScalarFunction.create({
        name,
        parameterTypes: [INTEGER],
        returnType: INTEGER,
        mainFunction(_, input, output) {
          shares.push(watched.share(scans));
          for (let row = 0; row < input.rowCount; row++) output.setItem(row, 1);
          output.flush();
        },
      });
      connection.registerScalarFunction(seen);
      await connection.run(sql.replaceAll('seen(', `${name}(`));
    });
    return shares.filter((share) => share !== null);
  }

  it.each<[what: string, sql: (scan: string, file: string) => string, scans?: number | null]>([
    ['writes a file', (scan, file) => `COPY (SELECT seen(i) AS i FROM ${scan}) TO ${file}`],
    [
      'reads files with other columns one after the other',
      (scan, file) =>
        `COPY (SELECT seen(i) AS i FROM (SELECT i FROM ${scan} UNION ALL SELECT i + 1 AS i FROM ${scan})) TO ${file}`,
      2,
    ],
    [
      'joins them with what is malformed',
      (scan, file) => `COPY (SELECT seen(i) AS i, reason FROM ${scan} LEFT JOIN malformed ON i = row) TO ${file}`,
      null,
    ],
    ['counts distinct values', (scan) => `SELECT count(DISTINCT seen(i)) FROM ${scan}`],
    ['counts each value', (scan) => `CREATE TABLE tally AS SELECT seen(i) AS i, count(*) FROM ${scan} GROUP BY 1`],
    ['summarises groups', (scan) => `SELECT seen(i) AS i, count(DISTINCT i), sum(i) FROM ${scan} GROUP BY 1`],
  ])('rises from 0 to 1 while a statement %s', async (_, sql, scans) => {
    await execute(watched, "CREATE OR REPLACE TABLE malformed AS SELECT 1 AS row, 'field_count' AS reason");
    const scan = `read_parquet(${literal(await million())})`;
    const file = `${literal(place.at('seen.parquet'))} (FORMAT parquet)`;
    const shares = await sharesWhile(sql(scan, file), scans);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[0]).toBeLessThan(0.2);
    expect(shares.find((share) => share > 0.4)).toBeLessThan(0.6);
    expect(shares.at(-1)).toBeGreaterThan(0.8);
    expect(shares.at(-1)).toBeLessThanOrEqual(1);
  });

  it('is not known while no statement is under way, be it before, between or after them', async () => {
    expect(watched.share()).toBeNull();
    await query(watched, 'SELECT 1');
    expect(watched.share()).toBeNull();
    await expect(query(watched, 'SELECT nothing')).rejects.toThrow('Binder Error');
    expect(watched.share()).toBeNull();
    await withConnection(watched, async () => expect(watched.share()).toBeNull());
  });

  it('is not known in a database that is not watched, whose statements need not be counted', async () => {
    expect(await sharesOf(place.database, [1, 350_000, 700_000])).toEqual([null, null, null]);
  });
});

describe('a phase', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Runs a phase of 10,000 rows that are read twice, in which DuckDB's share is what `work` says. */
  async function toldOf(
    work: (run: RunPart, share: (share: number | null) => void) => Promise<void>,
    options: Partial<PhaseOptions> = {},
  ): Promise<LogProgress[]> {
    const told: LogProgress[] = [];
    let now: number | null = null;
    const database = { ...place.database, share: () => now };
    const onProgress = (progress: LogProgress) => told.push(progress);
    await runPhase(database, { phase: 'fit', size: 10_000, passes: 2, onProgress, ...options }, (run) =>
      work(run, (share) => {
        now = share;
        vi.advanceTimersByTime(1000);
      }),
    );
    return told;
  }

  it('tells every second what is read: the parts before, and the share of the one under way', async () => {
    const told = await toldOf(async (run, second) => {
      await run(1, async () => {
        second(null);
        second(0.25);
      });
      await run(1, async () => second(0.5));
    });
    expect(told).toEqual([0, 2500, 15_000, 20_000].map((done) => ({ phase: 'fit', done, total: 20_000 })));
  });

  it('never goes back where a part has several statements', async () => {
    const told = await toldOf((run, second) =>
      run(2, async () => {
        second(0.9);
        second(0.1);
        second(null);
      }),
    );
    expect(told.map(({ done }) => done)).toEqual([18_000, 18_000, 18_000, 20_000]);
  });

  it('tells nothing where it is over within a second, or the log is small', async () => {
    expect(await toldOf((run) => run(2, async () => {}))).toEqual([]);
    expect(await toldOf((run, second) => run(2, async () => second(0.5)), { size: 9999 })).toEqual([]);
  });

  it('tells nothing more once its work has failed', async () => {
    const told: LogProgress[] = [];
    const options = {
      phase: 'read',
      size: ROWS,
      passes: 1,
      onProgress: (progress: LogProgress) => told.push(progress),
    };
    const failing = runPhase(place.database, { ...options, phase: 'read' }, (run) =>
      run(1, async () => {
        vi.advanceTimersByTime(1000);
        throw new Error('no disk');
      }),
    );
    await expect(failing).rejects.toThrow('no disk');
    vi.advanceTimersByTime(5000);
    expect(told).toEqual([{ phase: 'read', done: 0, total: ROWS }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('converting files of text', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  /** Opens a log, while a second goes by before each file is rewritten; returns what is reported of that. */
  async function toldOf(dataPath: string): Promise<LogProgress[]> {
    const told: LogProgress[] = [];
    const rewritten = (sql: unknown) => void (String(sql).includes('read_csv(') && vi.advanceTimersByTime(1000));
    subscribe(STATEMENTS.name, rewritten);
    try {
      const declaration = declare([category('shop')]);
      const onProgress = (progress: LogProgress) => told.push(progress);
      await withLog({ ...limits, declaration, dataPath, scratch: place.at(''), onProgress }, async () => {});
    } finally {
      unsubscribe(STATEMENTS.name, rewritten);
    }
    return told;
  }

  const bytes = async (...files: string[]) => {
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const expected = (total: number, shares: readonly number[]) =>
    shares.map((share) => ({ phase: 'convert', unit: 'bytes', done: Math.round(share * total), total }));
  const wide = (rows: number) => `SELECT *, repeat('x', 50) AS text FROM (${logSql(rows)})`;

  it('counts bytes, half of those of each CSV file when it is read and half when DuckDB has rewritten it', async () => {
    await mkdir(place.at('two'), { recursive: true });
    const files = [await place.write('two/a.csv', wide(ROWS)), await place.write('two/b.csv', wide(ROWS))];
    expect(await toldOf(place.at('two'))).toEqual(expected(await bytes(...files), [0.25, 0.75, 1]));
  });

  it('counts the bytes of gzip as they are on the disk', async () => {
    const plain = await place.write(
      'plain.csv',
      `SELECT *, md5('a' || row) AS a, md5('b' || row) AS b FROM (${logSql(30_000)})`,
    );
    const file = place.at('packed.csv.gz');
    await writeFile(file, gzipSync(await readFile(plain)));
    expect(await toldOf(file)).toEqual(expected(await bytes(file), [0.5, 1]));
  });

  it('counts the bytes of JSON lines by thirds, since they are read twice before they are rewritten', async () => {
    const file = place.at('log.jsonl');
    const rows = await query(place.database, `SELECT * EXCLUDE (history, place) FROM (${wide(ROWS)})`);
    await writeFile(
      file,
      rows
        .map((row) => `${JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`)
        .join(''),
    );
    expect(await toldOf(file)).toEqual(expected(await bytes(file), [2 / 3, 1]));
  });

  it('tells nothing of Parquet, which is read as it is', async () => {
    expect(await toldOf(path)).toEqual([]);
  });
});

describe('opening, fitting and inspecting a log', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  /** Validates the log, while a second goes by before each statement; returns what is told, by phase. */
  async function toldOf(declaration: Declaration): Promise<Record<string, [done: number, total: number][]>> {
    const told: Record<string, [number, number][]> = {};
    const onProgress = ({ phase, done, total }: LogProgress) => {
      told[phase] = [...(told[phase] ?? []), [done / ROWS, total / ROWS]];
    };
    const second = () => void vi.advanceTimersByTime(1000);
    subscribe(STATEMENTS.name, second);
    try {
      const scratch = place.at('');
      await withLog({ ...limits, declaration, dataPath: path, scratch, onProgress }, ({ database, log }) =>
        validateLog(database, log, onProgress),
      );
    } finally {
      unsubscribe(STATEMENTS.name, second);
    }
    return told;
  }

  it('reads, checks, fits and inspects, one after the other, each to its end', async () => {
    const told = await toldOf(declare([category('shop'), number('price')]));
    expect(Object.keys(told)).toEqual(['read', 'check', 'fit', 'inspect']);
    expect(told.read).toEqual([
      [0, 1],
      [1, 1],
    ]);
    for (const steps of Object.values(told)) {
      const [done, total] = steps.at(-1) as [number, number];
      expect(done).toBe(total);
    }
  });

  it('counts every feature that is fitted, of whatever kind, and all else that the rows are read for', async () => {
    const features = [
      number('price'),
      number('item', { embedding: 'quantiles' }),
      vector('place'),
      category('shop'),
      bag('history'),
      cross('both', ['shop', 'item']),
    ];
    const quantiles = table('quantiles', { kind: 'quantiles', count: 4 });
    const { fit = [] } = await toldOf(declare(features, { embeddings: [quantiles] }));
    // Parts twice; three numbers, among them the means of the vector, three times; the vector twice; bags once; values
    // of three features once; repeated keys, samples, and notes, for which nothing needs to be read here.
    const passes = 2 + 3 * 3 + 2 + 1 + 3 + 3;
    expect(fit.map(([, total]) => total)).toEqual(fit.map(() => passes));
    expect([...new Set(fit.map(([done]) => done))]).toEqual([0, 1, 2, 5, 8, 11, 12, 13, 14, 15, 16, 17, 18, 20]);
  });
});
