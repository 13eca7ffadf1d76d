// Enough to hide a store's latency; few enough to stay far from its request limits.
const AT_ONCE = 16;

/** Maps a few items at a time and keeps their order. Where some fail, the others of their batch end first; the first error is thrown. */
export async function mapEach<Item, Result>(
  items: readonly Item[],
  map: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const batch = items.slice(start, start + AT_ONCE).map((item, offset) => map(item, start + offset));
    const settled = await Promise.allSettled(batch);
    for (const result of settled) {
      if (result.status === 'rejected') throw result.reason;
      results.push(result.value);
    }
  }
  return results;
}
