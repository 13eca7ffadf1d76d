/** How many messages or events AWS takes at once: up to ten, of 256 KiB together. */

const MOST_AT_ONCE = 10;
/** Most bytes of a batch, and so of one item. */
export const MOST_BYTES = 262_144;

/**
 * Returns the items in order, as batches that AWS takes.
 * @param bytesOf Bytes of an item in a request.
 * @param what An item's name in the error.
 * @throws {RangeError} where one item is larger than a batch may be.
 */
export function batchesOf<Item>(items: readonly Item[], bytesOf: (item: Item) => number, what: string): Item[][] {
  const batches: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    if (bytes > MOST_BYTES) throw new RangeError(tooLargeText(what, bytes));
    const last = batches.at(-1);
    if (last === undefined || last.length === MOST_AT_ONCE || bytes > room) {
      batches.push([item]);
      room = MOST_BYTES - bytes;
    } else {
      last.push(item);
      room -= bytes;
    }
  }
  return batches;
}

/** Says that an item is larger than a batch may be. */
export function tooLargeText(what: string, bytes: number): string {
  return `${what} must have at most ${MOST_BYTES} bytes, got ${bytes}`;
}
