import { describe, expect, it } from 'vitest';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type Progress, scoreLocal } from '../../../lib/scoring/local/local.ts';
import { findLocalFiles, type IsComplete } from '../../../lib/scoring/local/local-files.ts';
import { checkWhole, outcomeOf, see } from '../world/invariants.ts';
import { instantClock, runLocal } from '../world/local-run.ts';
import { directTools, planWork } from '../world/steps.ts';
import {
  FOLDER,
  fakeFiles,
  KEY,
  type MemoryStore,
  MODEL,
  memoryStore,
  SHARD,
  type Shards,
  TWO_SHARDS,
} from '../world/world.ts';

const OTHER = 'candidates/other.csv';

const PARTS = {
  models: { current: async () => MODEL },
  handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
};

describe('local mode', () => {
  it('ends at the first try where a record is damaged, by its name', async () => {
    const store = await storeOf([KEY]);
    await scoreLocal({ ...PARTS, store, files: fakeFiles(() => SHARD) });
    for await (const { key } of store.list('_state/')) await store.put(key, '{"formatVersion": 1');
    const again = scoreLocal({ ...PARTS, store, files: fakeFiles(() => SHARD), again: 'all' });
    await expect(again).rejects.toThrow(/^_state\/[0-9a-f]{64}\.json is not JSON, got "{\\"formatVersion\\": 1"/);
  });

  it('scores every candidate file, and says how each ended', async () => {
    const store = await storeOf([KEY, OTHER, 'candidates/notes.txt', 'candidates/_SUCCESS']);
    const files = fakeFiles(({ key }) => (key === OTHER ? [{ scored: 0, rejected: 3 }] : SHARD));
    const { results } = await runLocal({ store, files });
    expect(results).toMatchObject([
      { status: 'succeeded', key: KEY, manifest: { rowsIn: 10, scored: 8, rejected: 2 } },
      { status: 'refused', key: 'candidates/notes.txt', message: expect.stringContaining('ends in .txt') },
      { status: 'failed', key: OTHER, failure: { reason: 'too_many_rejects' } },
      { status: 'left_out', key: 'candidates/_SUCCESS', reason: 'hidden' },
    ]);
  });

  it('scores only the files that it is asked for', async () => {
    const store = await storeOf([KEY, OTHER]);
    const { results } = await runLocal({ store, files: fakeFiles(SHARD) }, () => null, { keys: [OTHER, OTHER] });
    expect(results).toMatchObject([{ status: 'succeeded', key: OTHER }]);
    expect(store.keys()).not.toContain(`${FOLDER}_SUCCESS`);
  });

  it('refuses keys that are not there or cannot be, all at once', async () => {
    const store = await storeOf([KEY]);
    const keys = [KEY, OTHER, 'candidates/notes.txt', 'scores/x.csv'];
    const run = runLocal({ store, files: fakeFiles(SHARD) }, () => null, { keys });
    await expect(run).rejects.toThrow(
      'no object candidates/other.csv; candidate key ends in .txt, expected .parquet, .csv or .csv.gz (candidates/notes.txt); scores/x.csv is not a file under candidates/ (in memory:)',
    );
    expect(store.keys()).toEqual([KEY]);
  });

  it('does nothing where no model is current', async () => {
    const store = await storeOf([KEY]);
    const models = { current: () => Promise.reject(new Error('model hillstrom has no current version')) };
    const run = runLocal({ store, files: fakeFiles(SHARD) }, () => null, { models });
    await expect(run).rejects.toThrow('model hillstrom has no current version');
    expect(store.keys()).toEqual([KEY]);
  });

  it('changes nothing where all files are over, and scores a file again once it is replaced', async () => {
    const store = await storeOf([KEY]);
    const first = await runLocal({ store, files: fakeFiles(SHARD) });
    const second = await runLocal({ store, files: fakeFiles(SHARD) });
    expect(second.changes).toEqual([]);
    expect(second.results).toEqual(
      first.results.map((result) => ({ ...result, earlier: { currentVersion: MODEL.version } })),
    );
    await store.put(KEY, 'replaced');
    const third = await runLocal({ store, files: fakeFiles(TWO_SHARDS) });
    expect(third.results).toMatchObject([{ status: 'succeeded', manifest: { rowsIn: 20 } }]);
    expect(see(store).parts).toHaveLength(2);
  });

  it('knows a file by its folder where the work has expired', async () => {
    const store = await storeOf([KEY]);
    const first = await runLocal({ store, files: fakeFiles(SHARD) });
    for (const key of store.keys().filter((name) => name.startsWith('_work/'))) await store.delete(key);
    const second = await runLocal({ store, files: fakeFiles(SHARD) });
    expect(second).toMatchObject({ changes: [], results: first.results });
  });

  it('fails a file whose shard fails too often, with the last error, and tries it again when told', async () => {
    const store = await storeOf([KEY]);
    let attempts = 0;
    const broken = {
      ...fakeFiles(SHARD),
      scoreShard: () => Promise.reject(new Error(`out of memory, attempt ${++attempts}`)),
    };
    const failed = await runLocal({ store, files: broken });
    const message = `${KEY}: shard 0 was tried too often; out of memory, attempt 5`;
    expect(failed.results).toMatchObject([{ status: 'failed', failure: { reason: 'retries_exhausted', message } }]);

    const left = await runLocal({ store, files: fakeFiles(SHARD) });
    expect(left).toMatchObject({ changes: [], results: [{ status: 'failed' }] });
    const again = await runLocal({ store, files: fakeFiles(SHARD) }, () => null, { again: 'failed' });
    expect(again.results).toMatchObject([{ status: 'succeeded' }]);
    expect(see(store).failure).toBeNull();
  });

  it('scores all once more when told, with the model that is current by then', async () => {
    const store = await storeOf([KEY]);
    const { results } = await runLocal({ store, files: fakeFiles(SHARD) });
    const models = { current: async () => ({ ...MODEL, version: 'm2' }) };
    const again = await runLocal({ store, files: fakeFiles(SHARD) }, () => null, { again: 'all', models });
    const [first] = results;
    const source = first?.status === 'succeeded' ? `${first.manifest.source}-2` : '';
    expect(again.results).toMatchObject([{ status: 'succeeded', manifest: { source, model: { version: 'm2' } } }]);
    expect(see(store)).toMatchObject({ success: source, parts: [expect.stringContaining('-2-00000.parquet')] });
    expect((await runLocal({ store, files: fakeFiles(SHARD) })).results).toEqual(
      again.results.map((result) => ({ ...result, earlier: { currentVersion: 'm1' } })),
    );
  });

  it('stops between shards where the signal aborts, and goes on from there', async () => {
    const store = await storeOf([KEY]);
    const controller = new AbortController();
    let scored = 0;
    const counting = (shards: Shards, onShard: () => void) => {
      const files = fakeFiles(shards);
      return {
        ...files,
        scoreShard(request: Parameters<typeof files.scoreShard>[0]) {
          scored += 1;
          onShard();
          return files.scoreShard(request);
        },
      };
    };
    const stopping = counting(TWO_SHARDS, () => controller.abort());
    const stopped = await runLocal({ store, files: stopping }, () => null, { signal: controller.signal });
    expect(stopped.results).toEqual([{ status: 'open', key: KEY }]);
    expect(scored).toBe(1);

    const progress: Progress[] = [];
    const onProgress = (step: Progress) => progress.push(step);
    const ended = await runLocal({ store, files: counting(TWO_SHARDS, () => {}) }, () => null, { onProgress });
    expect(ended.results).toMatchObject([{ status: 'succeeded', manifest: { rowsIn: 20 } }]);
    expect(scored).toBe(2);
    expect(progress).toEqual([
      { rowsDone: 10, rowsTotal: 20, filesDone: 0, filesTotal: 1 },
      { rowsDone: 20, rowsTotal: 20, filesDone: 1, filesTotal: 1 },
    ]);
  });

  it('stops before it plans where the signal has aborted', async () => {
    const store = await storeOf([KEY]);
    const { results, changes } = await runLocal({ store, files: fakeFiles(SHARD) }, () => null, {
      signal: AbortSignal.abort(),
    });
    expect(results).toEqual([{ status: 'open', key: KEY }]);
    expect(changes).toEqual([]);
  });

  it('scores shards side by side, though messages are delivered twice', async () => {
    const shards = Array.from({ length: 7 }, () => ({ scored: 3, rejected: 1 }));
    const store = await storeOf([KEY]);
    const { results } = await runLocal({ store, files: fakeFiles(shards) }, () => null, {
      concurrency: 3,
      // Shorter than any shard takes: every message is delivered again while it is handled.
      queueOptions: { clock: instantClock(), visibilityMs: 0, maxReceiveCount: 1_000 },
    });
    expect(results).toMatchObject([{ status: 'succeeded', manifest: { rowsIn: 28, scored: 21, rejected: 7 } }]);
    expect(see(store).parts).toHaveLength(7);
  });

  it('leaves a plan of the cloud as it is, and goes on with it', async () => {
    const store = await storeOf([KEY]);
    const [found] = (await findLocalFiles(store, [KEY], { now: new Date(0) })).files;
    if (found === undefined) throw new Error('the file is not there');
    await planWork(found.file, fakeFiles(SHARD), { ...MODEL, version: 'm0' })(directTools(store));
    await runLocal({ store, files: fakeFiles(SHARD) });
    checkWhole(store, found.file, SHARD);
    expect(see(store).manifest?.model.version).toBe('m0');
    expect(outcomeOf(store, found.file.source)?.file.sequencer).toBe(found.file.sequencer);
  });
});

describe('what lies below candidates/ and is no candidate file', () => {
  const LEFT_OUT = {
    'candidates/day/_temporary/0/part-0.parquet': 'hidden',
    'candidates/day/.tmp/part-0.parquet': 'hidden',
    'candidates/day/_SUCCESS': 'hidden',
    'candidates/.DS_Store': 'desktop',
    'candidates/day/Thumbs.db': 'desktop',
    'candidates/~$book.csv': 'desktop',
    'candidates/today.parquet.crdownload': 'partial',
    'candidates/today.csv.filepart': 'partial',
  };

  it('is left out, with the reason, and a file of 0 bytes too, whose writer has only begun', async () => {
    const store = await storeOf([KEY, ...Object.keys(LEFT_OUT)]);
    await store.put('candidates/late.parquet', '');
    const { results } = await runLocal({ store, files: fakeFiles(SHARD) });
    expect(results.filter(({ status }) => status !== 'left_out')).toMatchObject([{ status: 'succeeded', key: KEY }]);
    const leftOut = results.flatMap((result) => (result.status === 'left_out' ? [[result.key, result.reason]] : []));
    expect(Object.fromEntries(leftOut)).toEqual({ ...LEFT_OUT, 'candidates/late.parquet': 'empty' });
    expect(store.keys().filter((key) => key.startsWith('failed/') || key.includes('late'))).toEqual([
      'candidates/late.parquet',
    ]);
  });

  it('is taken in a later run where it may still be written', async () => {
    const GROWING = 'candidates/growing.parquet';
    const store = await storeOf([KEY, GROWING]);
    const keysOf = async (isComplete: IsComplete) => {
      const { results } = await runLocal({ store, files: fakeFiles(SHARD) }, () => null, { isComplete });
      return results.map(({ key, status }) => [key, status]);
    };
    expect(await keysOf(async ({ key }) => key === KEY)).toEqual([[KEY, 'succeeded']]);
    expect(await keysOf(async () => true)).toEqual([
      [KEY, 'succeeded'],
      [GROWING, 'succeeded'],
    ]);
  });
});

async function storeOf(keys: readonly string[]): Promise<MemoryStore> {
  const store = memoryStore();
  for (const key of keys) await store.put(key, key);
  return store;
}
