/** Measures how much two distributions of the same quantity differ. */
import { sortIndices } from './sort.ts';

const BINS = 10;

/**
 * Population stability index of two models' probabilities: the sum over bins of (q - p) log(q / p), where the bins are
 * the tenths of the expected values (fewer where many are equal) and an empty bin counts as half a row. 0 for equal
 * distributions; NaN without rows.
 */
export function stabilityIndex(expected: Float32Array, actual: Float32Array): number {
  const order = sortIndices(Uint32Array.from(expected.keys()), expected);
  const edges = tenthsOf(order.length, (place) => expected[order[place] as number]);
  const [before, after] = [expected, actual].map((values) =>
    binShares(values, edges).map((share) => Math.max(share, 0.5 / values.length)),
  ) as [number[], number[]];
  return stability(before.map((share, bin) => [share, after[bin] as number]));
}

/** The index of the shares of every bin, expected and actual, none of which is 0. */
export function stability(bins: readonly (readonly [expected: number, actual: number])[]): number {
  return bins.reduce((sum, [p, q]) => sum + (q - p) * Math.log(q / p), 0);
}

/** Where the second and each further tenth of the values begins; fewer where many are equal. */
export function tenths(values: Float32Array | Uint32Array): number[] {
  const ascending = values.slice().sort();
  return tenthsOf(ascending.length, (place) => ascending[place]);
}

function tenthsOf(count: number, ascendingAt: (place: number) => number | undefined): number[] {
  const cuts = Array.from(
    { length: BINS - 1 },
    (_, bin) => ascendingAt(Math.floor(((bin + 1) * count) / BINS)) ?? Number.NaN,
  );
  return [...new Set(cuts)].filter((edge) => edge > (ascendingAt(0) ?? Number.NaN));
}

/** Share of the values below the first edge, from each edge up to the next, and from the last. */
export function binShares(values: Float32Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value >= (edges[bin] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((count) => count / values.length);
}
