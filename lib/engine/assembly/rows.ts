/** Number of rows whose memory is requested before the first of them is used. */
export const TOUCHED_AHEAD: i32 = 16;
const CACHE_LINE: usize = 64;

/** Returns the address of row ids[at] of a table; `stride` is in floats. */
@inline
export function rowOf(table: usize, stride: i32, ids: usize, at: i32): usize {
  return table + ((<usize>load<i32>(ids + (<usize>at << 2)) * <usize>stride) << 2);
}

/** Returns the factor of the L2 penalty's gradient for the row in place `at`: l2 for each of its occurrences. */
@inline
export function penaltyOf(l2: f32, occurrences: usize, at: i32): f32 {
  return l2 * load<f32>(occurrences + (<usize>at << 2));
}

/** Copies a vector of `dimension` floats. The instruction `memory.copy` costs more than a short row. */
@inline
export function copyRow(target: usize, source: usize, dimension: i32): void {
  let i = 0, to = target, from = source;
  for (; i + 4 <= dimension; i += 4) {
    v128.store(to, v128.load(from));
    to += 16; from += 16;
  }
  for (; i < dimension; i++) {
    store<f32>(to, load<f32>(from));
    to += 4; from += 4;
  }
}

/** Sets a vector of `dimension` floats to 0. */
@inline
export function clearRow(target: usize, dimension: i32): void {
  let i = 0, to = target;
  for (; i + 4 <= dimension; i += 4) {
    v128.store(to, f32x4.splat(0));
    to += 16;
  }
  for (; i < dimension; i++) {
    store<f32>(to, 0);
    to += 4;
  }
}

/** Adds one vector to another: target += coefficient * source, of `dimension` floats each. */
@inline
export function addScaled(target: usize, source: usize, coefficient: f32, dimension: i32): void {
  let i = 0, to = target, from = source;
  for (; i + 4 <= dimension; i += 4) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(f32x4.splat(coefficient), v128.load(from))));
    to += 16; from += 16;
  }
  for (; i < dimension; i++) {
    store<f32>(to, load<f32>(to) + coefficient * load<f32>(from));
    to += 4; from += 4;
  }
}

/**
 * Reads one word of each cache line of rows ids[from] to ids[to - 1], so that the memory delivers them at the same time
 * instead of one after the other. The words are returned as one, because a result that is not used would not be read.
 */
@inline
export function touchRows(table: usize, stride: i32, ids: usize, from: i32, to: i32): i32 {
  const bytes = <usize>stride << 2;
  let read = 0;
  for (let at = from; at < to; at++) {
    const row = rowOf(table, stride, ids, at);
    for (let offset: usize = 0; offset < bytes; offset += CACHE_LINE) read ^= load<i32>(row + offset);
    read ^= load<i32>(row + bytes - 4);
  }
  return read;
}
