/**
 * Yields what `map` returns for each item, in the order of the items, and begins with up to `ahead` items before the
 * first of them has ended. An item is taken from `items` only when `map` can begin with it.
 */
export async function* mapAhead<Item, Result>(
  items: AsyncIterable<Item>,
  ahead: number,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = map(item);
      // An error is thrown where the result is awaited, which may be later.
      result.catch(() => undefined);
      begun.push(result);
      if (begun.length >= ahead) yield await (begun.shift() as Promise<Result>);
    }
    while (begun.length > 0) yield await (begun.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(begun);
  }
}
