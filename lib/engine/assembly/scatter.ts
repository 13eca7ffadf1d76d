import { addScaled, clearRow } from './rows';

/** 2^32 over the golden ratio: the upper bits of its products are a hash (Knuth, The Art of Computer Programming 3, 6.4). */
const GOLDEN: u32 = 0x9e3779b1;

/**
 * Adds the gradients of one field to `sums`, which has a row of `dimension` floats for each distinct id of the member,
 * in the order in which the ids first appear. Each of the `members` threads, at most 65,536, has the ids whose hash falls
 * into its part of the hashes, and reads all rows of the batch for them, so that no sum depends on how the rows are
 * divided among threads. `shift`, another number for each table, gives the first ids of tables to different members.
 * `count` is the number of distinct ids so far, from other fields of the same table; returns the new number. Ids of
 * coefficient 0 are padding. Where `step` is 0, all ids of a row have the same gradient; else it is the number of floats
 * from the gradient of one id to that of the next.
 *
 * `occurrences` counts, in floats, how often each distinct id occurs in the rows of the batch. `rowCounts` has for each
 * of the n rows the number of rows of the batch that it stands for; 0 where each stands for itself.
 *
 * `slots` finds the place of an id in `distinct`: a hash table with linear probing of 2^slotBits i32, each 0 or 1 + a
 * place, at least twice as many as there are ids, and all 0 before the first field of a table.
 */
export function scatter(
  ids: usize, coefficients: usize, n: i32, length: i32, dimension: i32,
  gradient: usize, gradientStride: i32, step: i32,
  member: u32, members: u32, shift: u32,
  slots: usize, slotBits: i32, distinct: usize, count: i32, sums: usize, occurrences: usize, rowCounts: usize,
): i32 {
  let found = count, at = 0;
  const total = n * length;
  for (; at + 4 <= total; at += 4) {
    const owners = ownersOf(v128.load(ids + (<usize>at << 2)), members, shift);
    // Bit k is set where the id of lane k is the member's.
    let own = i32x4.bitmask(i32x4.eq(owners, i32x4.splat(member)));
    for (; own != 0; own &= own - 1)
      found = addRow(at + ctz(own), ids, coefficients, length, dimension, gradient, gradientStride, step, slots, slotBits, distinct, found, sums, occurrences, rowCounts);
  }
  for (; at < total; at++) {
    const owners = ownersOf(i32x4.splat(load<i32>(ids + (<usize>at << 2))), members, shift);
    if (<u32>i32x4.extract_lane(owners, 0) == member)
      found = addRow(at, ids, coefficients, length, dimension, gradient, gradientStride, step, slots, slotBits, distinct, found, sums, occurrences, rowCounts);
  }
  return found;
}

/** Sets the flag of each distinct id to 1. Flags that are set are not written again, as other threads read them. */
export function flag(flags: usize, distinct: usize, count: i32): void {
  for (let k = 0; k < count; k++) {
    const at = flags + <usize>load<i32>(distinct + (<usize>k << 2));
    if (load<u8>(at) == 0) store<u8>(at, 1);
  }
}

/** Returns the members that have four ids: a hash of 16 bits, scaled to the number of members. */
@inline
function ownersOf(ids: v128, members: u32, shift: u32): v128 {
  const hashes = i32x4.shr_u(i32x4.mul(i32x4.add(ids, i32x4.splat(shift)), i32x4.splat(GOLDEN)), 16);
  return i32x4.shr_u(i32x4.mul(hashes, i32x4.splat(members)), 16);
}

/** Adds the gradient of the row of ids[at] to the sum of that id, and returns the new number of distinct ids. */
@inline
function addRow(
  at: i32, ids: usize, coefficients: usize, length: i32, dimension: i32,
  gradient: usize, gradientStride: i32, step: i32,
  slots: usize, slotBits: i32, distinct: usize, count: i32, sums: usize, occurrences: usize, rowCounts: usize,
): i32 {
  const coefficient: f32 = coefficients == 0 ? 1 : load<f32>(coefficients + (<usize>at << 2));
  if (coefficient == 0) return count;
  const id = load<i32>(ids + (<usize>at << 2));
  const slot = slotOf(id, slots, slotBits, distinct);
  let k = load<i32>(slot) - 1;
  let found = count;
  if (k < 0) {
    k = found++;
    store<i32>(slot, k + 1);
    store<i32>(distinct + (<usize>k << 2), id);
    clearRow(sums + ((<usize>k * <usize>dimension) << 2), dimension);
    store<f32>(occurrences + (<usize>k << 2), 0);
  }
  const row = length == 1 ? at : at / length;
  const counted = occurrences + (<usize>k << 2);
  const rows: f32 = rowCounts == 0 ? 1 : load<f32>(rowCounts + (<usize>row << 2));
  store<f32>(counted, load<f32>(counted) + rows);
  const column = (at - row * length) * step;
  const source = gradient + ((<usize>row * <usize>gradientStride + <usize>column) << 2);
  addScaled(sums + ((<usize>k * <usize>dimension) << 2), source, coefficient, dimension);
  return found;
}

/** Returns the address of the slot that has the place of an id, or is 0 and free for it. */
@inline
function slotOf(id: i32, slots: usize, slotBits: i32, distinct: usize): usize {
  const mask: u32 = (<u32>1 << slotBits) - 1;
  let at = (<u32>id * GOLDEN) >> (32 - slotBits);
  while (true) {
    const slot = slots + (<usize>at << 2);
    const k = load<i32>(slot);
    if (k == 0 || load<i32>(distinct + (<usize>(k - 1) << 2)) == id) return slot;
    at = (at + 1) & mask;
  }
}
