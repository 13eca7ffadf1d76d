/**
 * Numbers the distinct rows of an entity's inputs, in AssemblyScript with SIMD, by a hash table of their bits. All
 * pointers are byte offsets into the imported memory; nothing is allocated here.
 *
 * A set of rows has `rows`, the 32-bit words of each row side by side, and `slots`, a hash table with linear probing of
 * 2^n i32, each 0 or 1 + the number of a row, at least twice as many as there are rows.
 */

const WORD: usize = 4;
/** Rows whose hashes are computed at once. */
const LANES: i32 = 4;
/** Rows whose slots are requested from memory before the first of them is looked up. */
const BLOCK_ROWS: i32 = 64;
const FIRST_FACTOR: i32 = <i32>0x85ebca6b;
const LAST_FACTOR: i32 = <i32>0xc2b2ae35;
/** Keeps the requests from being removed as without effect. */
let requested: i32 = 0;

/**
 * Adds those of `n` rows that are not in the set of `count` rows yet, writes the number of each to `numbers`, and the
 * positions of those that were added to `added`. Returns the new number of rows. Each word of the rows is a column,
 * `stride` bytes after the column before. A word before the first row is read, and up to 3 after the last; there must
 * be room for as many numbers.
 */
export function addRows(
  columns: usize, stride: usize, n: i32, words: i32,
  slots: usize, mask: u32, rows: usize, count: i32, numbers: usize, added: usize,
): i32 {
  let last = -1;
  for (let from: i32 = 0; from < n; from += BLOCK_ROWS) {
    const to = min(from + BLOCK_ROWS, n);
    // Candidates are often listed by user, so that a row is that before it. Bit i is set where row from + i is.
    let same: u64 = 0;
    // The hash of a row is where its number will be.
    for (let i = from; i < to; i += LANES) same |= <u64>hashRows(columns, stride, i, words, numbers) << (i - from);
    if (from == 0) same &= ~1;
    for (let i = from; i < to; i++) requested |= load<i32>(slots + (<usize>(load<u32>(numbers + (<usize>i << 2)) & mask) << 2));
    for (let i = from; i < to; i++) {
      if (!((same >> (i - from)) & 1)) {
        const slot = slotOf(columns + (<usize>i << 2), stride, words, load<u32>(numbers + (<usize>i << 2)), slots, mask, rows);
        last = load<i32>(slot) - 1;
        if (last < 0) {
          last = count++;
          store<i32>(slot, count);
          let word = rows + <usize>last * <usize>words * WORD, column = columns + (<usize>i << 2);
          for (let w: i32 = 0; w < words; w++, word += WORD, column += stride) store<i32>(word, load<i32>(column));
          store<i32>(added, i);
          added += WORD;
        }
      }
      store<i32>(numbers + (<usize>i << 2), last);
    }
  }
  return count;
}

/** Returns how many of `n` numbers are below a limit. */
export function countBelow(limit: i32, numbers: usize, n: i32): i32 {
  let counts = i32x4.splat(0), count: i32 = 0;
  const limits = i32x4.splat(limit), vectors = n & ~(LANES - 1);
  // A lane where the comparison holds is -1.
  for (let i: i32 = 0; i < vectors; i += LANES)
    counts = i32x4.sub(counts, i32x4.lt_s(v128.load(numbers + (<usize>i << 2)), limits));
  for (let i = vectors; i < n; i++) count += i32(load<i32>(numbers + (<usize>i << 2)) < limit);
  return count + i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1)
    + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3);
}

/** Puts `count` rows into slots that are all free. */
export function placeRows(count: i32, words: i32, slots: usize, mask: u32, rows: usize): void {
  for (let number = 0; number < count; number++) {
    let place = hashOf(rows + <usize>number * <usize>words * WORD, words) & mask;
    while (load<i32>(slots + (<usize>place << 2)) != 0) place = (place + 1) & mask;
    store<i32>(slots + (<usize>place << 2), number + 1);
  }
}

/**
 * Takes the rows from number `first` on out of the slots. No row that remains was placed after one of them, so that
 * their slots are simply freed.
 */
export function removeRows(first: i32, count: i32, words: i32, slots: usize, mask: u32, rows: usize): void {
  for (let number = count - 1; number >= first; number--) {
    let place = hashOf(rows + <usize>number * <usize>words * WORD, words) & mask;
    while (load<i32>(slots + (<usize>place << 2)) != number + 1) place = (place + 1) & mask;
    store<i32>(slots + (<usize>place << 2), 0);
  }
}

/** Writes the hashes of four rows. Returns the bits of those that equal the row before. */
@inline
function hashRows(columns: usize, stride: usize, row: i32, words: i32, out: usize): i32 {
  let hash = i32x4.splat(0), same = i32x4.splat(-1), column = columns + (<usize>row << 2);
  for (let w: i32 = 0; w < words; w++, column += stride) {
    const values = v128.load(column);
    same = v128.and(same, i32x4.eq(values, v128.load(column - WORD)));
    hash = i32x4.mul(v128.xor(hash, values), i32x4.splat(FIRST_FACTOR));
    hash = v128.xor(hash, i32x4.shr_u(hash, 13));
  }
  hash = i32x4.mul(hash, i32x4.splat(LAST_FACTOR));
  v128.store(out + (<usize>row << 2), v128.xor(hash, i32x4.shr_u(hash, 16)));
  return i32x4.bitmask(same);
}

/** The hash of a row, as `hashRows` computes it: each word is mixed by the finalizer of MurmurHash3. */
@inline
function hashOf(row: usize, words: i32): u32 {
  let hash: u32 = 0;
  for (let w: i32 = 0; w < words; w++, row += WORD) {
    hash = (hash ^ load<u32>(row)) * <u32>FIRST_FACTOR;
    hash ^= hash >> 13;
  }
  hash *= <u32>LAST_FACTOR;
  return hash ^ (hash >> 16);
}

/** Returns the address of the slot that has a row, or is free for it. */
@inline
function slotOf(column: usize, stride: usize, words: i32, hash: u32, slots: usize, mask: u32, rows: usize): usize {
  let place = hash & mask;
  while (true) {
    const slot = slots + (<usize>place << 2);
    const number = load<i32>(slot) - 1;
    if (number < 0 || isRow(rows + <usize>number * <usize>words * WORD, column, stride, words)) return slot;
    place = (place + 1) & mask;
  }
}

@inline
function isRow(row: usize, column: usize, stride: usize, words: i32): bool {
  let differing: i32 = 0;
  for (let w: i32 = 0; w < words; w++, row += WORD, column += stride) differing |= load<i32>(row) ^ load<i32>(column);
  return differing == 0;
}
