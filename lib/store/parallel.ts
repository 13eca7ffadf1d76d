/** How much happens at the same time. */

// Enough to hide a store's latency; few enough to stay far from its request limits.
const REQUESTS_AT_ONCE = 16;

/**
 * Runs an action on every item, a few at a time. Where some fail, those under way end first, no other begins, and the
 * first error is thrown.
 */
export async function forEachAtOnce<Item>(
  items: Iterable<Item>,
  atOnce: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  // The workers share one generator, which an error closes for all of them.
  const shared = generatorOf(items);
  async function work(): Promise<void> {
    for (const item of shared) await action(item);
  }
  const settled = await Promise.allSettled(Array.from({ length: atOnce }, work));
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}

/**
 * The results of requests of a store, one for each item in the items' order, a few at a time. Failures are as those of
 * `forEachAtOnce`.
 */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  map: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  await forEachAtOnce(items.entries(), REQUESTS_AT_ONCE, async ([index, item]) => {
    results[index] = await map(item, index);
  });
  return results;
}

/** Runs work one after another, in the order in which it is given; work that fails stops none of the rest. */
export function oneAtATime(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

function* generatorOf<Item>(items: Iterable<Item>): Generator<Item> {
  yield* items;
}
