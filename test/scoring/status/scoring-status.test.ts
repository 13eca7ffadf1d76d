import { beforeEach, describe, expect, it } from 'vitest';
import { failureKey, outcomeKey } from '../../../lib/contract/bucket.ts';
import { type FileVersion, fileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import { ratePerMinute } from '../../../lib/scoring/status/open-files.ts';
import { scoringStatus } from '../../../lib/scoring/status/scoring-status.ts';
import type { Store } from '../../../lib/store/store.ts';
import { directTools, drain, planWork, runToPlan, runWhole } from '../world/steps.ts';
import { fakeFiles, type MemoryStore, memoryStore, SHARD, type Shards, TWO_SHARDS } from '../world/world.ts';

const BAD: Shards = [{ scored: 1, rejected: 9 }];
const FOUR: Shards = [...TWO_SHARDS, ...TWO_SHARDS];

describe('the status of candidate files', () => {
  let time = 0;
  let store: MemoryStore;
  beforeEach(() => {
    at('10:00');
    store = memoryStore(() => new Date(time));
  });

  function at(clock: string, day = '2026-05-08') {
    time = Date.parse(`${day}T${clock}:00Z`);
  }

  async function arrive(key: string, attempt = 1): Promise<FileVersion> {
    const { versionId } = (attempt === 1 ? null : await store.head(key)) ?? (await store.put(key, key));
    const eventTime = new Date(time).toISOString();
    return fileVersion({ bucket: 'local', key, versionId, sequencer: '00', eventTime, attempt });
  }

  const status = (prefix = '', day: string | null = null, of: Store = store) =>
    scoringStatus(of, { prefix: `candidates/${prefix}`, day });
  const counted = async (...of: Parameters<typeof status>) =>
    Object.entries((await status(...of)).files).filter(([, files]) => files > 0);

  it('tells every state apart, with shards, rate and time left', async () => {
    await runWhole(store, await arrive('candidates/eu/done.parquet'), SHARD);
    await runWhole(store, await arrive('candidates/eu/failed.parquet'), BAD);
    await arrive('candidates/notes.txt');
    await arrive('candidates/_temporary/part.csv');
    await store.put('candidates/empty.csv', '');
    const big = await arrive('candidates/big.parquet');
    const tools = directTools(store);
    await planWork(big, fakeFiles(FOUR))(tools);
    await runToPlan(store, await arrive('candidates/planned.parquet'), SHARD);
    at('10:04');
    await arrive('candidates/waiting.csv');
    for (const [shard, clock] of ['10:10', '10:12', '10:14'].entries()) {
      at(clock);
      await drain(store, tools.shards.bodies.slice(shard, shard + 1), fakeFiles(FOUR));
    }
    at('10:20');
    const { open, failed, ...others } = await status();
    expect(others).toEqual({
      bucket: 'memory:',
      prefix: 'candidates/',
      day: null,
      at: '2026-05-08T10:20:00.000Z',
      files: { waiting: 1, planned: 1, 'in flight': 1, done: 1, failed: 2, expired: 0 },
      waitingSince: '2026-05-08T10:04:00.000Z',
      leftOut: { hidden: 1, empty: 1 },
      objectsListed: store.keys().filter((key) => /^(candidates|scores|_work)\//.test(key)).length,
    });
    const plannedAt = '2025-12-31T00:00:00.000Z';
    expect(open).toEqual({
      files: [
        { key: 'candidates/big.parquet', plannedAt, version: 'm1', rows: 40, shards: 4, shardsDone: 3 },
        { key: 'candidates/planned.parquet', plannedAt, version: 'm1', rows: 10, shards: 1, shardsDone: 0 },
      ],
      all: 2,
      shards: 5,
      shardsDone: 3,
      // Two in the ten minutes after the first, of the last quarter of an hour: the two that are left take ten more.
      shardsPerMinute: 0.2,
      secondsLeft: 600,
    });
    expect(failed).toEqual({
      files: [
        {
          key: 'candidates/eu/failed.parquet',
          reason: 'too_many_rejects',
          message:
            'candidates/eu/failed.parquet: 9 of 10 rows rejected (90%), at most 50% allowed; most often missing_key (9 rows), expected a value',
        },
        {
          key: 'candidates/notes.txt',
          reason: 'key_extension',
          message: 'candidate key ends in .txt, expected .parquet, .csv or .csv.gz (candidates/notes.txt)',
        },
      ],
      all: 2,
      byReason: { too_many_rejects: 1, key_extension: 1 },
    });
    expect(await counted('eu/')).toEqual([
      ['done', 1],
      ['failed', 1],
    ]);
  });

  it('counts only the files of a day, by when they came', async () => {
    at('23:59', '2026-05-07');
    await arrive('candidates/late.csv');
    at('00:00');
    await arrive('candidates/early.csv');
    expect(await counted('', '2026-05-08')).toEqual([['waiting', 1]]);
    expect((await status('', '2026-05-07')).waitingSince).toBe('2026-05-07T23:59:00.000Z');
    expect(await counted('', '2026-05-06')).toEqual([]);
  });

  it('takes a replaced, a reopened and a repeated file for open again', async () => {
    const key = 'candidates/day.parquet';
    const file = await arrive(key);
    await runWhole(store, file, BAD);
    expect(await counted()).toEqual([['failed', 1]]);
    await redriveFile({ ...directTools(store), arrivals: directTools(store).shards }, file.source);
    expect(await counted()).toEqual([['in flight', 1]]);
    const next = await arrive(key);
    expect(await counted()).toEqual([['waiting', 1]]);
    await runWhole(store, next, SHARD);
    expect(await counted()).toEqual([['done', 1]]);
    await runToPlan(store, await arrive(key, 2), SHARD);
    expect(await counted()).toEqual([['planned', 1]]);
  });

  it('knows files by their scores once the records of work have expired', async () => {
    await runWhole(store, await arrive('candidates/done.parquet'), SHARD);
    await runWhole(store, await arrive('candidates/failed.parquet'), BAD);
    await runWhole(store, await arrive('candidates/replaced.parquet'), SHARD);
    await runWhole(store, await arrive('candidates/removed.parquet'), SHARD);
    const gone = /^_work\/|^scores\/removed/;
    for (const key of store.keys().filter((key) => gone.test(key))) await store.delete(key);
    at('10:00', '2026-06-09');
    await arrive('candidates/replaced.parquet');
    expect(await counted()).toEqual([
      ['waiting', 1],
      ['done', 1],
      ['failed', 1],
      ['expired', 1],
    ]);
    // A folder has no rules by which records expire: without them, a file is yet to be scored.
    expect(await counted('', null, { ...store, hasFiles: true })).toEqual([['waiting', 4]]);
  });

  it('lists many files at once, and reads a thousand failures', async () => {
    for (let file = 0; file < 1_010; file += 1) {
      const { key, source } = await arrive(`candidates/${file}.csv`);
      await store.put(failureKey(key), '{}x');
      await store.put(outcomeKey(source), '');
    }
    const requests: string[] = [];
    const watched: Store = {
      ...store,
      list: (prefix) => {
        requests.push(prefix);
        return store.list(prefix);
      },
      get: (key, options) => {
        requests.push('get');
        return store.get(key, options);
      },
    };
    const { failed, objectsListed } = await status('', null, watched);
    expect({ all: failed.all, byReason: failed.byReason }).toEqual({ all: 1_010, byReason: { unreadable: 1_000 } });
    expect(requests.filter((request) => request !== 'get')).toEqual(['candidates/', 'scores/', '_work/']);
    expect(requests.length).toBe(3 + 1_000);
    expect(objectsListed).toBe(3 * 1_010);
  });

  it('stops where it is interrupted', async () => {
    await arrive('candidates/a.csv');
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(scoringStatus(store, { prefix: 'candidates/', day: null }, stopped)).rejects.toThrow('stopped');
  });
});

it('the rate of one shard is none', () => {
  const now = new Date(600_000);
  expect([[], [0], [0, 300_000], [600_000, 600_000]].map((scored) => ratePerMinute(scored, now))).toEqual([
    null,
    null,
    0.1,
    null,
  ]);
});
