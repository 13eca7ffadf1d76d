/** How far two distributions of the same quantity lie apart. */

const BINS = 10;

/**
 * Population stability index: the sum over bins of (q - p) log(q / p), where the bins are the tenths of the expected
 * values (fewer where many are equal) and an empty bin counts as half a row. 0 for equal distributions; NaN without rows.
 */
export function stabilityIndex(expected: Float32Array, actual: Float32Array): number {
  const ascending = expected.slice().sort();
  const cuts = Array.from(
    { length: BINS - 1 },
    (_, bin) => ascending[Math.floor(((bin + 1) * ascending.length) / BINS)] ?? Number.NaN,
  );
  const edges = [...new Set(cuts)].filter((edge) => edge > (ascending[0] ?? Number.NaN));
  const [before, after] = [shares(expected, edges), shares(actual, edges)];
  return before.reduce((sum, p, bin) => {
    const q = after[bin] as number;
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

/** Share of the values from each edge up to the next. */
function shares(values: Float32Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value >= (edges[bin] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((count) => Math.max(count, 0.5) / values.length);
}
