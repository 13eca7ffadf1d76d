import { addScaled, clearRow } from './rows';

/**
 * Adds the gradients of one field to `sums`, which has a row of `dimension` floats for each distinct id of the member,
 * in the order in which the ids first appear. Each of the `members` threads has the ids with (id + shift) % members ==
 * member, and reads all rows of the batch for them, so that no sum depends on how the rows are divided among threads.
 * `count` is the number of distinct ids so far, from other fields of the same table; returns the new number. Ids of
 * coefficient 0 are padding.
 *
 * `slots` finds the place of an id in `distinct`: a hash table with linear probing of 2^slotBits i32, each 0 or 1 + a
 * place, at least twice as many as there are ids, and all 0 before the first field of a table.
 */
export function scatter(
  ids: usize, coefficients: usize, n: i32, length: i32, dimension: i32,
  gradient: usize, gradientStride: i32,
  member: u32, members: u32, shift: u32,
  slots: usize, slotBits: i32, distinct: usize, count: i32, sums: usize,
): i32 {
  let found = count;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < length; j++) {
      const at = <usize>(i * length + j) << 2;
      const id = load<i32>(ids + at);
      if ((<u32>id + shift) % members != member) continue;
      const coefficient: f32 = coefficients == 0 ? 1 : load<f32>(coefficients + at);
      if (coefficient == 0) continue;
      const slot = slotOf(id, slots, slotBits, distinct);
      let k = load<i32>(slot) - 1;
      if (k < 0) {
        k = found++;
        store<i32>(slot, k + 1);
        store<i32>(distinct + (<usize>k << 2), id);
        clearRow(sums + ((<usize>k * <usize>dimension) << 2), dimension);
      }
      const source = gradient + ((<usize>i * <usize>gradientStride) << 2);
      addScaled(sums + ((<usize>k * <usize>dimension) << 2), source, coefficient, dimension);
    }
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

/** Returns the address of the slot that has the place of an id, or is 0 and free for it. */
@inline
function slotOf(id: i32, slots: usize, slotBits: i32, distinct: usize): usize {
  const mask: u32 = (<u32>1 << slotBits) - 1;
  // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the upper bits of a product.
  let at = (<u32>id * 0x9e3779b1) >> (32 - slotBits);
  while (true) {
    const slot = slots + (<usize>at << 2);
    const k = load<i32>(slot);
    if (k == 0 || load<i32>(distinct + (<usize>(k - 1) << 2)) == id) return slot;
    at = (at + 1) & mask;
  }
}
