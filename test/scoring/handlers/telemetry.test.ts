import { describe, expect, it } from 'vitest';
import { countFiles, countingRows } from '../../../lib/scoring/handlers/telemetry.ts';
import type { CandidateFiles, ShardRequest } from '../../../lib/scoring/protocol/ports.ts';
import { putConditionally } from '../../../lib/store/conditional-put.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import type { Store } from '../../../lib/store/store.ts';

function counter() {
  const counted: [string, number][] = [];
  const metrics = {
    addMetric(name: string, _unit: unknown, value: number) {
      counted.push([name, value]);
      return metrics as never;
    },
  };
  return { counted, metrics };
}

describe('countingRows', () => {
  it('counts rows and seconds of a shard', async () => {
    const { counted, metrics } = counter();
    const shard = {
      scoresPath: 'a',
      rejectsPath: null,
      rowsIn: 10,
      scored: 7,
      rejected: 3,
      rejectedByReason: { x: 3 },
      features: {},
      repeatedKeys: 0,
    };
    const notAsked = () => Promise.reject(new Error('not asked'));
    const files: CandidateFiles = { plan: notAsked, scoreShard: async () => shard, rankPart: notAsked };
    const times = [1_000, 3_500];
    const counting = countingRows(files, metrics, () => times.shift() ?? 0);
    expect(await counting.scoreShard({} as ShardRequest)).toBe(shard);
    expect(counted).toEqual([
      ['RowsScored', 7],
      ['RowsRejected', 3],
      ['ShardSeconds', 2.5],
    ]);
  });
});

describe('countFiles', () => {
  function writerOver(store: Store) {
    const { counted, metrics } = counter();
    let writers = 0;
    const writer = { store, newWriterId: () => `writer-${writers++}`, onWritten: countFiles(metrics) };
    const put = (key: string, content: string) => putConditionally(writer, { key, content, expected: null });
    return { counted, put };
  }

  it('counts a plan and an outcome once, for the writer who succeeds', async () => {
    const { counted, put } = writerOver(memoryStore());
    for (const [key, status] of [
      ['_work/a/plan.json', 'none'],
      ['_work/a/outcome.json', 'succeeded'],
      ['_work/b/outcome.json', 'failed'],
    ] as const) {
      const features = {
        item: { rows: 8, missing: 2, values: 6, unknown: 3, usual: { missing: 0, unknown: 0.25 } },
        age: { rows: 8, missing: 4, values: 4, unknown: null, usual: { missing: 0.5, unknown: 0 } },
      };
      const ranking = { by: 'score', within: [], top: 5, kept: 5 };
      const body = JSON.stringify({ status, manifest: { features, ranking } });
      expect(await put(key, body)).not.toBeNull();
      expect(await put(key, body)).toBeNull();
    }
    expect(counted).toEqual([
      ['FilesPlanned', 1],
      ['FilesSucceeded', 1],
      ['RowsKept', 5],
      ['UnknownAboveUsual', 25],
      ['MissingAboveUsual', 25],
      ['FilesFailed', 1],
    ]);
  });

  it('counts an outcome if the response to its write was lost, so that its alarm is raised', async () => {
    const store = memoryStore();
    const { counted, put } = writerOver({
      ...store,
      async put(key, body, options) {
        await store.put(key, body, options);
        // The client repeats the write, and meets its own.
        return store.put(key, body, options);
      },
    });
    await put('_work/a/outcome.json', '{"status":"failed"}');
    expect(counted).toEqual([['FilesFailed', 1]]);
  });

  it('counts nothing else', async () => {
    const store = memoryStore();
    const { counted, put } = writerOver(store);
    await put('_work/a/outcome.json', '{"status":"reopened"}');
    await put('_work/a/receipts/00000.json', '{}');
    await put('scores/a.parquet/_SUCCESS', 'a');
    expect(counted).toEqual([]);
    expect(await store.head('scores/a.parquet/_SUCCESS')).not.toBeNull();
  });
});
