import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryBudget } from '../../../lib/compare/runs/memory-budget.ts';

/** Starts work of so many bytes each, and tells which has begun; `end` ends one. */
function works(budget: MemoryBudget, bytes: readonly number[]) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = bytes.map((needed, index) =>
    budget.run(needed, () => {
      begun.push(index);
      return new Promise<void>((end) => {
        ends[index] = end;
      });
    }),
  );
  const end = async (index: number) => {
    ends[index]?.();
    await setImmediate();
  };
  return { begun, end, all: Promise.all(all) };
}

describe('a budget of memory', () => {
  it('has as much work under way as fits together, in order', async () => {
    const waits: (readonly [number, number])[] = [];
    const budget = new MemoryBudget(10, (needed, left) => waits.push([needed, left]));
    const { begun, end, all } = works(budget, [6, 5, 4, 2]);
    await setImmediate();
    // The third would fit beside the first, and would let the second wait for ever.
    expect(begun).toEqual([0]);
    expect(waits).toEqual([
      [5, 4],
      [4, 4],
      [2, 4],
    ]);
    await end(0);
    expect(begun).toEqual([0, 1, 2]);
    await end(1);
    expect(begun).toEqual([0, 1, 2, 3]);
    await end(2);
    await end(3);
    await all;
  });

  it('runs what needs more than there is by itself', async () => {
    const { begun, end, all } = works(new MemoryBudget(10), [1, 20, 1]);
    await setImmediate();
    expect(begun).toEqual([0]);
    await end(0);
    expect(begun).toEqual([0, 1]);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    await end(2);
    await all;
  });

  it('has the memory back of work that fails', async () => {
    const budget = new MemoryBudget(10);
    const failed = budget.run(10, () => Promise.reject(new Error('diverged')));
    const next = budget.run(10, async () => 'trained');
    await expect(failed).rejects.toThrow('diverged');
    expect(await next).toBe('trained');
  });
});
