/** Rows that functions encode, beside the same rows encoded by one process. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EncodedLog, encodeRows } from '../../../lib/bundle/encode-rows.ts';
import { encodeByFleet, RangeNotEncodedError } from '../../../lib/bundle/fleet/encode-by-fleet.ts';
import type { RangeEncoder } from '../../../lib/bundle/fleet/encode-range.ts';
import { planEncoding } from '../../../lib/bundle/fleet/plan-encoding.ts';
import { RangeProcess } from '../../../lib/bundle/fleet/range-process.ts';
import type { RangesQueue } from '../../../lib/bundle/fleet/ranges-queue.ts';
import { rangeMessageBody } from '../../../lib/bundle/fleet/records.ts';
import { inProcessQueue } from '../../../lib/queue/in-process-queue.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type FittedEncoder, fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import type { OpenedLog } from '../../../lib/table/open-log.ts';
import { digestFile } from '../../../lib/workers/file-digest.ts';
import { instantClock } from '../../scoring/world/local-run.ts';
import { bag, category, declare, LOG_DEFAULTS, number, openLog, workplace } from '../../table/fixture.ts';
import { type LocalFleetOptions, localFleet, rangeProcesses } from './local-fleet.ts';

const place = workplace();
/** More than two row groups of the prepared rows, which are larger than what is read at once of an object. */
const ROWS = 300_000;
const SHARD_ROWS = 70_000;
const LOG = `SELECT i AS row, (i % 3 = 0)::INT AS click, (i % 6 = 0)::INT AS conversion, 1 + i % 5 AS w,
  CASE WHEN i >= 240000 THEN 'test' ELSE ['train', 'validation', 'test', 'train'][1 + (i * 7919) % 4] END AS part,
  CASE WHEN i % 7 > 0 THEN 'value ' || hash(i % 90000) END AS item, CASE WHEN i % 5 > 0 THEN i / 8 END AS price,
  CASE WHEN i % 11 > 0 THEN 'a' || (i % 40) || '|' || 'b' || (i % 13) END AS tags FROM range(${ROWS}) t(i)`;
const RUN = { model: 'shop', run: 'night' };

let folder: string;
let opened: OpenedLog;
let fitted: FittedEncoder;
let byOne: EncodedLog;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encode-by-fleet-'));
  const features = [category('item'), number('price'), bag('tags', { delimiter: '|', combiner: 'sqrtn' })];
  const declaration = declare(features, { log: { ...LOG_DEFAULTS, weight: 'w' } });
  const log = await openLog(place, await place.write('rows.parquet', LOG), declaration);
  opened = { database: place.database, log, began: 0 };
  fitted = await fitEncoder(place.database, log);
  byOne = await encodeRows(opened, { ...(await optionsIn('by-one')), processes: 1 });
});
afterAll(() => rm(folder, { recursive: true }));

async function optionsIn(name: string) {
  const [bundle, scratch] = [join(folder, name, 'bundle'), join(folder, name, 'scratch')];
  await mkdir(join(bundle, 'rows'), { recursive: true });
  await mkdir(scratch);
  const { encoder } = fitted;
  return { encoder, folder: bundle, scratch, threads: 2, memoryLimitMiB: 1024, shardRows: SHARD_ROWS, onProgress };
}

function onProgress(): void {}

let ids = 0;
const newWriterId = () => `writer ${ids++}`;

async function workersOf(store: Store, name: string, count: number) {
  const scratch = join(folder, `functions-${name}`);
  await mkdir(scratch);
  const { encoder, close } = await rangeProcesses(store, scratch, count);
  onTestFinished(async () => void (await close()));
  return { store, newWriterId, scratch, encoder };
}

/** Digests of the files in the bundle of the store. */
async function filesOf(store: Store): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const prefix = '_bundles/shop/night/bundle/';
  const copies = join(folder, `copies-${ids++}`);
  for await (const { key } of store.list(prefix))
    files[key.slice(prefix.length)] = (await digestFile(await store.toFile(key, copies))).sha256;
  return files;
}

describe('rows that are encoded by functions', () => {
  it.each(['a folder', 'a bucket'])('are the bytes that one process writes, over %s', async (kind) => {
    const store = kind === 'a folder' ? openStore(join(folder, 'bucket')) : memoryStore();
    const progress: number[] = [];
    const ranges = localFleet({ ...(await workersOf(store, kind, 2)), concurrency: 2 });
    const options = { ...(await optionsIn(kind)), onProgress: (done: number) => progress.push(done) };
    expect(await encodeByFleet({ store, newWriterId, ...RUN, ranges }, opened, options)).toEqual(byOne);
    expect(await filesOf(store)).toEqual(byOne.files);
    expect(progress.at(-1)).toBe(ROWS);
  });

  it('are read by the bytes that a range needs, and not whole', async () => {
    const store = memoryStore();
    const read: number[] = [];
    const noting: Store = {
      ...store,
      get(key, options) {
        if (key.endsWith('prepared.parquet'))
          read.push((options?.range?.end ?? Number.POSITIVE_INFINITY) - (options?.range?.start ?? 0));
        return store.get(key, options);
      },
    };
    const ranges = localFleet(await workersOf(noting, 'bytes', 1));
    const encoded = await encodeByFleet({ store, newWriterId, ...RUN, ranges }, opened, await optionsIn('bytes'));
    expect(encoded.files).toEqual(byOne.files);
    const key = store.keys().find((name) => name.endsWith('prepared.parquet')) ?? '';
    const { size } = (await store.head(key)) ?? { size: 0 };
    // Of three row groups a range needs one or two.
    const bytes = read.reduce((sum, some) => sum + some, 0);
    expect(bytes).toBeGreaterThan(size);
    expect(bytes).toBeLessThan(0.8 * Math.ceil(ROWS / SHARD_ROWS) * size);
  });

  it('are encoded once, however often they are asked for, and by however many at a time', async () => {
    const store = memoryStore();
    const handled: unknown[] = [];
    const workers = await workersOf(store, 'twice', 2);
    const ranges = localFleet({
      ...workers,
      concurrency: 2,
      times: 2,
      onHandled: ({ status }) => handled.push(status),
    });
    const encoded = await encodeByFleet({ store, newWriterId, ...RUN, ranges }, opened, await optionsIn('twice'));
    expect(encoded).toEqual(byOne);
    expect(handled.toSorted()).toEqual([...Array(5).fill('done before'), ...Array(5).fill('encoded')]);
    for (const key of store.keys()) expect(store.versions(key), key).toHaveLength(1);
  });

  it('are not read again for a message that comes twice, one after the other', async () => {
    const store = memoryStore();
    const { encoder, ...workers } = await workersOf(store, 'in-turn', 1);
    let times = 0;
    const counting: RangeEncoder = {
      encode(...request) {
        times += 1;
        return encoder.encode(...request);
      },
    };
    const ranges = localFleet({ ...workers, encoder: counting, times: 2 });
    await encodeByFleet({ store, newWriterId, ...RUN, ranges }, opened, await optionsIn('in-turn'));
    expect(times).toBe(5);
  });

  it('are encoded whatever became of the ranges of other exports', async () => {
    const store = memoryStore();
    const fleet = localFleet(await workersOf(store, 'others', 1));
    const encoding = '0123456789abcdef';
    const bodies = [{ ...RUN, run: 'other' }, RUN].map((run) => rangeMessageBody({ ...run, encoding, range: 0 }));
    const remove = () => Promise.reject(new Error('not its own'));
    const others = ['no message', ...bodies].map((body) => ({ body, error: null, remove }));
    // Already at the first look, when no range is done.
    const exporting = { store, newWriterId, ...RUN, ranges: { ...fleet, deadRanges: async () => others }, lookMs: 10 };
    expect(await encodeByFleet(exporting, opened, await optionsIn('others'))).toEqual(byOne);
  });

  it('are not encoded again where an export was stopped and is started again', async () => {
    const store = memoryStore();
    const workers = await workersOf(store, 'again', 1);
    const stop = new AbortController();
    let encoded = 0;
    const first = localFleet({
      ...workers,
      onHandled: () => {
        encoded += 1;
        if (encoded === 2) stop.abort(new Error('terminated'));
      },
    });
    // Of the first export's messages, only those of the first two ranges reach a function.
    const lossy = { ...first, send: (bodies: readonly string[]) => first.send(bodies.slice(0, 2)) };
    const stopped = encodeByFleet({ store, newWriterId, ...RUN, ranges: lossy }, opened, {
      ...(await optionsIn('stopped')),
      signal: stop.signal,
    });
    await expect(stopped).rejects.toThrow('terminated');
    expect(await filesOf(store)).toEqual({});
    const ranges = localFleet({ ...workers, onHandled: () => encoded++ });
    const result = await encodeByFleet({ store, newWriterId, ...RUN, ranges }, opened, await optionsIn('again'));
    expect(result).toEqual(byOne);
    expect(encoded).toBe(5);
  });
});

describe('a process that encodes ranges', () => {
  it('leaves nothing of a range that failed in the files of the next one', async () => {
    const store = memoryStore();
    const { place: where, plan } = await planEncoding({ store, newWriterId }, RUN, opened, await optionsIn('failed'));
    const scratch = join(folder, 'failed', 'process');
    const [first, second] = [join(scratch, 'first'), join(scratch, 'second')];
    for (const name of [first, second]) await mkdir(name, { recursive: true });
    const process = new RangeProcess({ store, scratch, threads: 1, memoryLimitMiB: 512 });
    onTestFinished(() => process.close());
    const broken = `CASE WHEN "#row" = 60000 THEN CAST(error('row is broken') AS FLOAT) ELSE "#weight" END`;
    const from = `(SELECT * REPLACE (${broken} AS "#weight") FROM ${plan.rows.from})`;
    const failing = process.encode(where, { ...plan, rows: { ...plan.rows, from } }, 0, first);
    await expect(failing).rejects.toThrow('row is broken');
    const { files } = await process.encode(where, plan, 1, second);
    expect(files.train?.sha256).toBe(byOne.files['rows/train-00001.parquet']);
    expect(files.validation?.sha256).toBe(byOne.files['rows/validation-00001.parquet']);
  });

  it('refuses an encoder that is not that of the plan', async () => {
    const store = memoryStore();
    const { place: where, plan } = await planEncoding({ store, newWriterId }, RUN, opened, await optionsIn('changed'));
    const scratch = join(folder, 'changed', 'process');
    await mkdir(scratch);
    const process = new RangeProcess({ store, scratch, threads: 1, memoryLimitMiB: 512 });
    const [file] = plan.encoder;
    const changed = { ...plan, encoder: [{ path: '', versionId: '', ...file, sha256: '0'.repeat(64) }] };
    await expect(process.encode(where, changed, 0, scratch)).rejects.toThrow(
      `memory:/_bundles/shop/night/encoding/${where.encoding}/encoder/${file?.path} was changed: it has another SHA-256 than its plan gives`,
    );
  });
});

describe('the plan of an encoding', () => {
  it('is the same for the same rows, and another one where a label is', async () => {
    const places: string[] = [];
    const few = LOG.replace(`range(${ROWS})`, 'range(3000)');
    const { declaration } = opened.log;
    for (const [name, sql] of [
      ['one', few],
      ['same', few],
      ['other', few.replace('(i % 3 = 0)::INT AS click', '(i % 3 = 1)::INT AS click')],
    ] as const) {
      const log = await openLog(place, await place.write(`${name}.parquet`, sql), declaration);
      const options = await optionsIn(`plan-${name}`);
      const writer = { store: memoryStore(), newWriterId };
      places.push((await planEncoding(writer, RUN, { ...opened, log }, options)).place.encoding);
    }
    expect(places[1]).toBe(places[0]);
    expect(places[2]).not.toBe(places[0]);
  });
});

describe('an encoding that fails', () => {
  const failing = { encode: () => Promise.reject(new Error('out of luck')) };

  it('is given up with the rows and the reason once a range was tried five times, and stops the functions', async () => {
    const store = memoryStore();
    const handled: unknown[] = [];
    const sent: string[] = [];
    const workers = await workersOf(store, 'dead', 1);
    const onHandled: LocalFleetOptions['onHandled'] = ({ status }) => handled.push(status);
    const queueOptions = { clock: instantClock() };
    const fleet = localFleet({ ...workers, encoder: failing, queueOptions, onHandled });
    const ranges: RangesQueue = {
      ...fleet,
      send(bodies) {
        sent.push(...bodies);
        return fleet.send(bodies);
      },
    };
    const exported = encodeByFleet({ store, newWriterId, ...RUN, ranges }, opened, await optionsIn('dead'));
    await expect(exported).rejects.toEqual(
      new RangeNotEncodedError('rows 0 to 69,999 of the log were not encoded in 5 tries: out of luck'),
    );
    expect(store.keys().filter((key) => !/\/(encoder\/.*|prepared\.parquet)$/.test(key))).toEqual([]);
    // A message that comes late asks for what nobody waits for.
    await fleet.send(sent.slice(0, 1));
    await fleet.settled();
    expect(handled).toEqual(['over']);
    // Another export of the same rows may try again: neither the plan nor a dead letter is in its way.
    expect(await fleet.deadRanges()).toEqual([]);
    const mended = localFleet({ ...workers, onHandled });
    const options = await optionsIn('mended');
    expect(await encodeByFleet({ store, newWriterId, ...RUN, ranges: mended }, opened, options)).toEqual(byOne);
  });

  it('is given up where nothing comes for a long time', async () => {
    const store = memoryStore();
    const queue = inProcessQueue('ranges');
    const other = { body: 'another message', error: null, remove: () => Promise.reject(new Error('not its own')) };
    const ranges = { send: queue.send, deadRanges: async () => [other] };
    const fleet = { store, newWriterId, ...RUN, ranges, lookMs: 1, patienceMs: 20 };
    await expect(encodeByFleet(fleet, opened, await optionsIn('silent'))).rejects.toEqual(
      new RangeNotEncodedError(
        'no rows were encoded for 0 s, 0 of 5 ranges are: see the log of the function that encodes, and its queue',
      ),
    );
  });
});
