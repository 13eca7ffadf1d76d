import { describe, expect, it } from 'vitest';
import { countingFiles, countingRows } from '../../../lib/scoring/handlers/telemetry.ts';
import type { CandidateFiles, ShardRequest } from '../../../lib/scoring/protocol/ports.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { PreconditionFailedError } from '../../../lib/store/store.ts';

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
    };
    const files: CandidateFiles = { plan: () => Promise.reject(new Error('not asked')), scoreShard: async () => shard };
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

describe('countingFiles', () => {
  it('counts a plan and an outcome once, for the writer who succeeds', async () => {
    const { counted, metrics } = counter();
    const store = countingFiles(memoryStore(), metrics);
    for (const [key, status] of [
      ['_work/a/plan.json', 'none'],
      ['_work/a/outcome.json', 'succeeded'],
      ['_work/b/outcome.json', 'failed'],
    ] as const) {
      const body = JSON.stringify({ status });
      await store.put(key, body, { ifAbsent: true });
      await expect(store.put(key, body, { ifAbsent: true })).rejects.toThrow(PreconditionFailedError);
    }
    expect(counted).toEqual([
      ['FilesPlanned', 1],
      ['FilesSucceeded', 1],
      ['FilesFailed', 1],
    ]);
  });

  it('counts nothing else', async () => {
    const { counted, metrics } = counter();
    const store = countingFiles(memoryStore(), metrics);
    await store.put('_work/a/outcome.json', new TextEncoder().encode('{"status":"reopened"}'));
    await store.put('_work/a/receipts/00000.json', '{}');
    await store.put('scores/a.parquet/_SUCCESS', 'a');
    expect(counted).toEqual([]);
    expect(await store.head('scores/a.parquet/_SUCCESS')).not.toBeNull();
  });
});
