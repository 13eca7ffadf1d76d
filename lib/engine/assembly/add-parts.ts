/**
 * Adds up the parts of a first layer, in AssemblyScript with SIMD, where the parts of users and items are computed once
 * for many rows. All pointers are byte offsets into the imported memory; nothing is allocated here.
 */

const LINE: usize = 64;
/** Rows whose parts are requested from memory before the first of them are added up. */
const BLOCK_ROWS: i32 = 64;
/** Keeps the requests from being removed as without effect. */
let requested: i32 = 0;

/**
 * Writes out[i] = sum over p of part p of row i, plus `bias`, for i < n; negative values become 0 if `rectified` is not
 * 0. `rows` has `parts` lists, each of `rowsStride` addresses: that of the part of row i, of which `width` floats from
 * float `column` on are read. The sum is in the order of the parts.
 */
export function addParts(
  rows: usize, rowsStride: i32, parts: i32, column: i32,
  bias: usize, rectified: i32, n: i32, width: i32, out: usize,
): void {
  const from = <usize>column << 2, bytes = <usize>width << 2, list = <usize>rowsStride << 2;
  // The larger of -Infinity and a value is the value.
  const least: f32 = rectified ? 0 : -Infinity;
  const vectors = bytes & ~15;
  for (let i: i32 = 0; i < n; i++) {
    if (i % BLOCK_ROWS == 0)
      for (let p: i32 = 0; p < parts; p++) requested |= request(rows + <usize>p * list, i, min(i + BLOCK_ROWS, n), from, bytes);
    const at = rows + (<usize>i << 2);
    const target = out + <usize>i * bytes;
    if (parts == 2) addTwo(<usize>load<u32>(at) + from, <usize>load<u32>(at + list) + from, bias, least, vectors, target);
    else
      for (let k: usize = 0; k < vectors; k += 16) {
        let sum = v128.load(<usize>load<u32>(at) + from + k);
        for (let p: i32 = 1; p < parts; p++)
          sum = f32x4.add(sum, v128.load(<usize>load<u32>(at + <usize>p * list) + from + k));
        v128.store(target + k, f32x4.pmax(f32x4.add(sum, v128.load(bias + k)), f32x4.splat(least)));
      }
    for (let k = vectors; k < bytes; k += 4) {
      let sum = load<f32>(<usize>load<u32>(at) + from + k);
      for (let p: i32 = 1; p < parts; p++) sum += load<f32>(<usize>load<u32>(at + <usize>p * list) + from + k);
      sum += load<f32>(bias + k);
      store<f32>(target + k, sum < least ? least : sum);
    }
  }
}

/** Reads a word of every cache line of some rows' parts, so that the processor waits for all of them together. */
@inline
function request(list: usize, first: i32, end: i32, from: usize, bytes: usize): i32 {
  let words: i32 = 0, last: usize = 0;
  for (let i = first; i < end; i++) {
    const part = <usize>load<u32>(list + (<usize>i << 2)) + from;
    // Candidates are often listed by user, whose part is that of the row before.
    if (part == last) continue;
    last = part;
    for (let k: usize = 0; k < bytes; k += LINE) words |= load<i32>(part + k);
  }
  return words;
}

/** The sum of two parts, which most models have, without a loop over them. */
@inline
function addTwo(first: usize, second: usize, bias: usize, least: f32, bytes: usize, target: usize): void {
  let k: usize = 0;
  for (; k + 64 <= bytes; k += 64) {
    addVectors(first + k, second + k, bias + k, least, target + k);
    addVectors(first + k + 16, second + k + 16, bias + k + 16, least, target + k + 16);
    addVectors(first + k + 32, second + k + 32, bias + k + 32, least, target + k + 32);
    addVectors(first + k + 48, second + k + 48, bias + k + 48, least, target + k + 48);
  }
  for (; k < bytes; k += 16) addVectors(first + k, second + k, bias + k, least, target + k);
}

// The pseudo-maximum of a NaN and anything is the NaN, which is then noticed in the scores.
@inline
function addVectors(first: usize, second: usize, bias: usize, least: f32, target: usize): void {
  const sum = f32x4.add(f32x4.add(v128.load(first), v128.load(second)), v128.load(bias));
  v128.store(target, f32x4.pmax(sum, f32x4.splat(least)));
}
