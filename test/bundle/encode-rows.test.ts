import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EncodedLog, type EncodeRowsOptions, encodeRows, processesFor } from '../../lib/bundle/encode-rows.ts';
import type { BundlePart } from '../../lib/bundle/format.ts';
import type { Batch } from '../../lib/engine/engine.ts';
import { literals, query } from '../../lib/table/database.ts';
import { type FittedEncoder, fitEncoder } from '../../lib/table/fit/fit-encoder.ts';
import type { OpenedLog } from '../../lib/table/open-log.ts';
import { type CachedRows, cacheRows } from '../../lib/training/rows/cache-rows.ts';
import { digestFile } from '../../lib/workers/file-digest.ts';
import { bag, category, declare, LOG_DEFAULTS, number, openLog, sequence, workplace } from '../table/fixture.ts';

const place = workplace();
const ROWS = 20_000;
/** Each of the first 16,000 rows is of any part, all later ones are held out, and some labels are unknown yet. */
const LOG = `SELECT i AS row, i // 4 AS request, (i % 3 = 0)::INT AS click, (i % 6 = 0)::INT AS conversion, 1 + i % 5 AS w,
  CASE WHEN i >= 16000 THEN 'test' ELSE ['train', 'validation', 'test', 'train'][1 + (i * 7919) % 4] END AS part,
  CASE WHEN i % 7 > 0 THEN 'v' || (i % 900) END AS item, CASE WHEN i % 5 > 0 THEN i / 8 END AS price,
  CASE WHEN i % 11 > 0 THEN 'a' || (i % 40) || '|' || 'b' || (i % 13) END AS tags,
  CASE WHEN i % 3 > 0 THEN 'v' || (i % 30) || '|' || 'v' || (i % 13) END AS seen,
  TIMESTAMP '2026-05-01' + i * INTERVAL 1 MINUTE AS at FROM range(${ROWS}) t(i)`;

let folder: string;
let opened: OpenedLog;
let fitted: FittedEncoder;
let cached: CachedRows;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encode-rows-'));
  const declaration = declare(
    [
      category('item'),
      number('price'),
      bag('tags', { delimiter: '|', combiner: 'sqrtn' }),
      sequence('seen', { delimiter: '|', embedding: 'item' }),
    ],
    { log: { ...LOG_DEFAULTS, weight: 'w', group: 'request', time: 'at' } },
  );
  const log = await openLog(place, await place.write('rows.parquet', LOG), declaration);
  opened = { database: place.database, log, began: 0 };
  fitted = await fitEncoder(place.database, log);
  const scratch = join(folder, 'cache');
  await mkdir(scratch);
  cached = await cacheRows(opened, { ...fitted, propensitiesOf: [], scratch });
});
afterAll(() => rm(folder, { recursive: true }));

interface Encoded extends EncodedLog {
  readonly folder: string;
  /** What `onProgress` was called with. */
  readonly progress: readonly number[];
}

async function encode(name: string, options: Partial<EncodeRowsOptions> = {}): Promise<Encoded> {
  const [bundle, scratch] = [join(folder, name), join(folder, `${name}-scratch`)];
  await mkdir(join(bundle, 'rows'), { recursive: true });
  await mkdir(scratch);
  const progress: number[] = [];
  const encoded = await encodeRows(opened, {
    encoder: fitted.encoder,
    folder: bundle,
    scratch,
    threads: 2,
    memoryLimitMiB: 1024,
    shardRows: 3000,
    onProgress: (done) => progress.push(done),
    ...options,
  });
  return { ...encoded, folder: bundle, progress };
}

/** The rows of a part as its files have them. */
function rowsOf({ folder: bundle, parts }: Encoded, part: BundlePart): Promise<Record<string, unknown>[]> {
  const paths = parts[part].files.map(({ path }) => join(bundle, path));
  return query(place.database, `SELECT * FROM read_parquet(${literals(paths)})`);
}

/** The rows of a part as training here reads them. */
async function cachedRows(part: BundlePart): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of cached[part].batches(1000)) {
    const columns = [
      ...Object.entries(batch.ids).map(([name, values]) => [`ids/${name}`, values] as const),
      ...Object.entries(batch.coefficients).map(([name, values]) => [`coefficients/${name}`, values] as const),
      ...Object.entries(batch.numbers).map(([name, values]) => [`number/${name}`, values] as const),
      ...Object.entries(batch.labels).map(([name, values]) => [`label/${name}`, values] as const),
    ];
    for (let row = 0; row < batch.rows; row++)
      rows.push({
        ...Object.fromEntries(columns.map(([name, values]) => [name, valueAt(values, row, batch)])),
        ...Object.fromEntries(
          // A batch has its weights divided by its rows.
          Object.entries(batch.weights).map(([name, values]) => [
            `weight/${name}`,
            expect.closeTo((values[row] as number) * batch.rows, 5),
          ]),
        ),
      });
  }
  return rows;
}

function valueAt(values: Int32Array | Float32Array, row: number, { rows }: Batch): unknown {
  const length = values.length / rows;
  return length === 1 ? values[row] : [...values.subarray(row * length, (row + 1) * length)];
}

describe('the encoded rows of a bundle', () => {
  it('are those that training here reads, in their order', async () => {
    const encoded = await encode('rows', { processes: 1 });
    for (const part of ['train', 'validation'] as const) {
      const rows = await rowsOf(encoded, part);
      expect(rows.length).toBe(cached[part].rows);
      expect(encoded.parts[part].rows).toBe(rows.length);
      expect(rows).toEqual(await cachedRows(part));
    }
    expect(encoded.counts).toEqual(cached.counts);
  });

  it('are in one file of each part for so many rows of the log, of which some have none', async () => {
    const { parts, files, folder: bundle } = await encode('files', { processes: 1 });
    const paths = (part: string) => [0, 1, 2, 3, 4, 5].map((index) => `rows/${part}-0000${index}.parquet`);
    expect(parts.train.files.map(({ path }) => path)).toEqual(paths('train'));
    expect(parts.validation.files.map(({ path }) => path)).toEqual(paths('validation'));
    const [first] = parts.train.files;
    const [counted] = await query(
      place.database,
      `SELECT count(*) AS rows FROM (${LOG}) WHERE part = 'train' AND row < 3000`,
    );
    expect(first?.rows).toBe(Number(counted?.rows));
    for (const [path, sha256] of Object.entries(files))
      expect(await digestFile(join(bundle, path))).toMatchObject({ sha256 });
    expect(Object.keys(files)).toEqual([...paths('train'), ...paths('validation')]);
  });

  it('are the same bytes by any number of processes and threads', async () => {
    const [one, ...others] = [
      await encode('one', { processes: 1, threads: 1 }),
      await encode('threads', { processes: 1, threads: 4 }),
      await encode('two', { processes: 2 }),
      await encode('three', { processes: 3, threads: 7 }),
    ];
    for (const other of others) {
      expect(other.files).toEqual(one?.files);
      expect(other.parts).toEqual(one?.parts);
      expect(other.counts).toEqual(one?.counts);
      expect(other.progress.at(-1)).toBe(ROWS);
      expect(other.progress).toEqual(other.progress.toSorted((a, b) => a - b));
    }
    const path = 'rows/train-00002.parquet';
    const bytes = (encoded: Encoded | undefined) => readFile(join(encoded?.folder ?? '', path));
    expect((await bytes(others[2])).equals(await bytes(one))).toBe(true);
  });

  it('are not begun again once it was stopped', async () => {
    const stop = new AbortController();
    const stopped = encode('stopped', {
      processes: 2,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
  });
});

describe('the number of processes', () => {
  it('is one for each thread, as long as each has 512 MiB, and no more than there are shards', () => {
    expect(processesFor({ threads: 4, memoryLimitMiB: 8192 }, 100)).toBe(4);
    expect(processesFor({ threads: 4, memoryLimitMiB: 1100 }, 100)).toBe(2);
    expect(processesFor({ threads: 4, memoryLimitMiB: 256 }, 100)).toBe(1);
    expect(processesFor({ threads: 4, memoryLimitMiB: 8192 }, 3)).toBe(3);
    expect(processesFor({ threads: 4, memoryLimitMiB: 1024, processes: 6 }, 100)).toBe(6);
  });
});
