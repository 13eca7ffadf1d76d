/** Columns of a matrix, as runs of neighbours. */
import type { Columns } from './network.ts';

/** Returns the index of every column of the runs, in their order. */
export function columnsOf(runs: readonly Columns[]): number[] {
  return runs.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i));
}

/** Joins runs of columns that follow each other. */
export function joined(runs: readonly Columns[]): Columns[] {
  const all: Columns[] = [];
  for (const { start, count } of runs) {
    const last = all.at(-1);
    if (last !== undefined && last.start + last.count === start)
      all[all.length - 1] = { start: last.start, count: last.count + count };
    else all.push({ start, count });
  }
  return all;
}
