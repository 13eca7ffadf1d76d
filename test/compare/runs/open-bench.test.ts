import { describe, expect, it, vi } from 'vitest';
import type { MemoryWait } from '../../../lib/compare/runs/open-bench.ts';
import type { RunProgress } from '../../../lib/compare/runs/run.ts';
import { withBench } from '../fakes.ts';

describe('a bench', () => {
  it('trains one after the other where two do not fit together, tells so once, and gives the same scores', async () => {
    const waits: MemoryWait[] = [];
    // What the process really uses changes with every garbage collection.
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(2 ** 30);
    const memory = { memoryBytes: 2 ** 30 + 1, onWait: (wait: MemoryWait) => waits.push(wait) };
    const scoresOf = (options: Partial<typeof memory>) =>
      withBench({ options }, async (bench) => {
        const { declaration } = bench.opened.log;
        let [underWay, most] = [0, 0];
        const train = async (seed: number) => {
          const seen: RunProgress[] = [];
          const { test } = await bench.train({ declaration, source: null, seed, share: 1 }, (progress) => {
            if (seen.length === 0) underWay += 1;
            most = Math.max(most, underWay);
            seen.push(progress);
          });
          underWay -= 1;
          return { test, seen };
        };
        const runs = await Promise.all([1, 2, 3].map(train));
        return { runs, most };
      });
    const together = await scoresOf({});
    const alone = await scoresOf(memory);
    expect(alone.runs.map(({ test }) => test)).toEqual(together.runs.map(({ test }) => test));
    expect(alone.most).toBe(1);
    expect(waits).toHaveLength(1);
    // At the least three copies of three outputs of the 313 validation and 609 test rows.
    expect(waits[0]?.needed).toBeGreaterThan(3 * 3 * 4 * (313 + 609));
    for (const { seen } of together.runs) {
      expect(seen[0]?.what).toBe('epoch 1/2');
      expect(seen[0]?.share).toBeGreaterThan(0);
      expect(seen.at(-1)?.share).toBeLessThanOrEqual(1);
    }
  });
});
