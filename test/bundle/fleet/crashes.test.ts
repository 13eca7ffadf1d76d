/** An export and its functions with a fault in each of their calls on the store and the queue. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncodedLog } from '../../../lib/bundle/encode-rows.ts';
import { encodeByFleet } from '../../../lib/bundle/fleet/encode-by-fleet.ts';
import type { RangeEncoder } from '../../../lib/bundle/fleet/encode-range.ts';
import type { Queue } from '../../../lib/queue/queue.ts';
import { type MemoryStore, memoryStore } from '../../../lib/store/memory-store.ts';
import { type FittedEncoder, fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import type { OpenedLog } from '../../../lib/table/open-log.ts';
import { type Gate, gated, type Operation } from '../../scoring/world/gated-store.ts';
import { instantClock } from '../../scoring/world/local-run.ts';
import { randomOf } from '../../scoring/world/random.ts';
import { category, declare, openLog, workplace } from '../../table/fixture.ts';
import { localFleet } from './local-fleet.ts';

/** What goes wrong with a call. */
type Fault =
  /** It is refused and not carried out. */
  | 'refused'
  /** It is carried out, and its caller gets a timeout. */
  | 'answer lost'
  /** It is carried out, the response lost, and the client itself repeats it and gets the second response. */
  | 'repeated by the client'
  /** It is carried out, and then the process is killed: the export is started again, a message delivered again. */
  | 'killed';
const FAULTS: readonly Fault[] = ['refused', 'answer lost', 'repeated by the client', 'killed'];

const place = workplace();
const RANGES = 3;
const MAX_EXPORTS = 30;
const LOG = `SELECT i AS row, (i % 2 = 0)::INT AS click, (i % 4 = 0)::INT AS conversion, 'v' || i % 5 AS item,
  ['train', 'validation', 'test'][1 + i % 3] AS part FROM range(${10 * RANGES}) t(i)`;

let folder: string;
let opened: OpenedLog;
let fitted: FittedEncoder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-crashes-'));
  const log = await openLog(place, await place.write('rows.parquet', LOG), declare([category('item')]));
  opened = { database: place.database, log, began: 0 };
  fitted = await fitEncoder(place.database, log);
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly store: MemoryStore;
  readonly encoded: EncodedLog;
  readonly calls: number;
  /** Calls that were to change something. */
  readonly changes: readonly string[];
}

let ids = 0;

/**
 * Exports until an export ends by itself, however many the faults end before. Where there are two functions the clock
 * goes on while one has nothing to do, so that a message comes again before the other has ended with it.
 */
async function exportRows(
  faults: (call: number, operation: Operation) => Fault | null = () => null,
  concurrency = 2,
): Promise<Ended> {
  const store = memoryStore();
  const changes: string[] = [];
  let calls = 0;
  const newWriterId = () => `writer ${ids++}`;

  /** A process, which may be killed and started again. */
  function processOf(queue: Queue) {
    let isDead = false;
    const gate: Gate = async (operation, act) => {
      if (isDead) throw new Error('killed');
      const fault = faults(calls++, operation);
      if (fault === 'refused') throw new Error('503');
      const answer = await act({ store, queue });
      if (operation.changes) changes.push(`${operation.name} ${operation.key}`);
      if (fault === null) return answer;
      if (fault === 'repeated by the client') return act({ store, queue });
      isDead = fault === 'killed';
      throw new Error(isDead ? 'killed' : 'timeout');
    };
    const revive = () => {
      isDead = false;
    };
    return { ...gated(gate), revive };
  }

  const worker = processOf({ send: () => Promise.reject(new Error('functions send nothing')) });
  const ranges = localFleet({
    store: worker.store,
    scratch: folder,
    encoder: otherBytesEachTime(),
    concurrency,
    newWriterId,
    queueOptions: { clock: instantClock() },
    onFailed: worker.revive,
  });
  const exporter = processOf(ranges);
  const scratch = await mkdtemp(join(folder, 'scratch-'));
  for (let exports = 1; ; exports++) {
    try {
      const encoded = await encodeByFleet(
        {
          store: exporter.store,
          newWriterId,
          model: 'shop',
          run: 'night',
          ranges: { send: exporter.queue.send, deadRanges: ranges.deadRanges },
          lookMs: 1,
        },
        opened,
        {
          encoder: fitted.encoder,
          folder: scratch,
          scratch,
          threads: 1,
          memoryLimitMiB: 512,
          shardRows: 10,
          onProgress: () => undefined,
        },
      );
      await ranges.settled();
      return { store, encoded, calls, changes };
    } catch (error) {
      if (exports === MAX_EXPORTS) throw error;
      exporter.revive();
    }
  }
}

/** Files that say which range they are of, and end otherwise each time, as if no two processors agreed. */
function otherBytesEachTime(): RangeEncoder {
  let times = 0;
  return {
    async encode(_place, _plan, range, rangeFolder) {
      await mkdir(join(rangeFolder, 'rows'));
      times += 1;
      const file = async (part: string) => {
        const path = `rows/${part}-0000${range}.parquet`;
        const text = `${part} rows of ${range}, time ${times}`;
        await writeFile(join(rangeFolder, path), text);
        return { path, rows: 3, sha256: sha256(text) };
      };
      const none = { item: { rows: 3, missing: 0, values: 3, unknown: times } };
      return {
        // The last range has no validation rows.
        files: { train: await file('train'), validation: range === RANGES - 1 ? null : await file('validation') },
        counts: { train: none, validation: none, test: none },
      };
    },
  };
}

/** Every range has one receipt, and the bundle the files that the receipts name, with their bytes. */
async function checkEnd({ store, encoded }: Ended): Promise<void> {
  const bundle = store.keys().filter((key) => key.startsWith('_bundles/shop/night/bundle/'));
  const digests: Record<string, string> = {};
  for (const key of bundle)
    digests[key.slice('_bundles/shop/night/bundle/'.length)] = sha256((await store.get(key)).body);
  expect(digests).toEqual(encoded.files);
  expect(Object.keys(digests).toSorted()).toEqual([
    'rows/train-00000.parquet',
    'rows/train-00001.parquet',
    'rows/train-00002.parquet',
    'rows/validation-00000.parquet',
    'rows/validation-00001.parquet',
  ]);
  const receipts = store.keys().filter((key) => key.includes('/receipts/'));
  expect(receipts).toHaveLength(RANGES);
  for (const key of [...receipts, ...store.keys().filter((name) => name.endsWith('plan.json'))])
    expect(store.versions(key), key).toHaveLength(1);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

describe('an export by functions', () => {
  it('changes the store in this order: the plan after what it names, a receipt after its files', async () => {
    const { changes } = await exportRows(() => null, 1);
    const short = changes.map((change) => change.replaceAll(/_bundles\/shop\/night\/|[0-9a-f]{16,64}/g, ''));
    const shared = ['encoder.json', 'inputs.json', 'probe.json', 'vocabularies/item.parquet'];
    expect(short.slice(0, 6)).toEqual([
      ...shared.map((name) => `putFile encoding//encoder/${name}`),
      'putFile encoding//prepared.parquet',
      'put encoding//plan.json',
    ]);
    expect(short[6]).toMatch(/^send /);
    const file = 'putFile encoding//files/.parquet';
    expect(short.slice(7, -5)).toEqual([
      ...[file, file, 'put encoding//receipts/00000.json'],
      ...[file, file, 'put encoding//receipts/00001.json'],
      ...[file, 'put encoding//receipts/00002.json'],
    ]);
    expect(short.slice(-5).toSorted()).toEqual([
      'copy bundle/rows/train-00000.parquet',
      'copy bundle/rows/train-00001.parquet',
      'copy bundle/rows/train-00002.parquet',
      'copy bundle/rows/validation-00000.parquet',
      'copy bundle/rows/validation-00001.parquet',
    ]);
  });

  it.each(FAULTS)(
    'ends whole, each range once, where one call is %s, whichever it is',
    async (fault) => {
      const { calls } = await exportRows();
      for (let unlucky = 0; unlucky < calls; unlucky++)
        await checkEnd(await exportRows((call) => (call === unlucky ? fault : null)));
    },
    120_000,
  );

  it.each([0, 1, 2, 3, 4, 5])('ends whole, each range once, where calls fail at random, seed %i', async (seed) => {
    const random = randomOf(seed);
    await checkEnd(await exportRows(() => (random() < 0.06 ? (FAULTS[Math.floor(random() * 4)] ?? null) : null)));
  });
});
