/** Returns the address of row ids[at] of a table; `stride` is in floats. */
@inline
export function rowOf(table: usize, stride: i32, ids: usize, at: i32): usize {
  return table + ((<usize>load<i32>(ids + (<usize>at << 2)) * <usize>stride) << 2);
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
