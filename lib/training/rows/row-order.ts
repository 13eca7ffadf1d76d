/** The orders in which the rows of a window are trained on. */
import { permutation, type RandomStream } from '../../numbers/random.ts';

/**
 * A group has at most this share of a batch in one piece, so that no batch is about a few large groups alone: 32 rows of
 * a batch of 4,096, in which a user's share of a step has become small already.
 */
const LARGEST_SHARE = 1 / 128;

/** Returns the most rows of a group that stand together in an order for batches of this size. */
export function largestPiece(batchSize: number): number {
  return Math.max(1, Math.floor(batchSize * LARGEST_SHARE));
}

/**
 * Returns the positions of rows in an order that is random by groups: rows of the same group stand together, in the
 * order that they have, and the groups in random order. Groups of more than `largest` rows are cut into pieces, which
 * are ordered like groups.
 */
export function orderByGroup(groups: Int32Array, largest: number, random: RandomStream): Uint32Array {
  const sorted = sortedByGroup(groups);
  const starts = pieceStarts(groups, sorted, largest);
  const order = new Uint32Array(groups.length);
  let at = 0;
  for (const piece of permutation(starts.length, random)) {
    const rows = sorted.subarray(starts[piece], starts[piece + 1] ?? sorted.length);
    order.set(rows, at);
    at += rows.length;
  }
  return order;
}

/** Returns the positions of the rows, sorted by group and, within a group, by position. */
function sortedByGroup(groups: Int32Array): Uint32Array {
  // Both fit in the 53 bits of a number: typed arrays of numbers are sorted without a call for each comparison.
  const keys = Float64Array.from(groups, (group, row) => (group >>> 0) * ROWS_LIMIT + row).sort();
  return Uint32Array.from(keys, (key) => key % ROWS_LIMIT);
}

/** More rows than a window has. */
const ROWS_LIMIT = 2 ** 21;

function pieceStarts(groups: Int32Array, sorted: Uint32Array, largest: number): Uint32Array {
  const starts: number[] = [];
  for (let at = 0; at < sorted.length; at++) {
    const isSameGroup = at > 0 && groups[sorted[at] as number] === groups[sorted[at - 1] as number];
    if (!isSameGroup || at - (starts.at(-1) as number) === largest) starts.push(at);
  }
  return Uint32Array.from(starts);
}
