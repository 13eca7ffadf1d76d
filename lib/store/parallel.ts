/** How much happens at the same time. */

/**
 * Runs an action on every item, a few at a time. Where some fail, those under way end first, no other begins, and the
 * first error is thrown.
 */
export async function forEachAtOnce<Item>(
  items: Generator<Item>,
  atOnce: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  // The workers share one generator, which an error closes for all of them.
  async function work(): Promise<void> {
    for (const item of items) await action(item);
  }
  const settled = await Promise.allSettled(Array.from({ length: atOnce }, work));
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
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
