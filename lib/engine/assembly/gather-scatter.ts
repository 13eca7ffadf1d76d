import { addScaled, rowOf } from './rows';

/**
 * Gathers the embeddings of one field: out[i] = sum over j of coefficients[i, j] * weights of row ids[i, j], for i < n,
 * j < length. Where `coefficients` is 0, a null pointer, all coefficients are 1 and `length` is 1. `outStride` is in
 * floats.
 */
export function gather(
  table: usize, stride: i32, dimension: i32,
  ids: usize, coefficients: usize, n: i32, length: i32,
  out: usize, outStride: i32,
): void {
  for (let i = 0; i < n; i++) {
    const target = out + ((<usize>i * <usize>outStride) << 2);
    if (coefficients == 0) {
      memory.copy(target, rowOf(table, stride, ids, i), <usize>dimension << 2);
      continue;
    }
    memory.fill(target, 0, <usize>dimension << 2);
    for (let j = 0; j < length; j++) {
      const at = i * length + j;
      const coefficient = load<f32>(coefficients + (<usize>at << 2));
      if (coefficient != 0) addScaled(target, rowOf(table, stride, ids, at), coefficient, dimension);
    }
  }
}

/**
 * Adds the gradients of one field to `sums`, which has a row of `dimension` floats for each distinct id, in the order
 * in which the ids first appear. `positions` has an i32 for each table row: 0, or 1 + the position of its id in
 * `distinct`. `count` is the number of distinct ids so far, from other fields of the same table; returns the new
 * number. Ids of coefficient 0 are padding.
 */
export function scatter(
  ids: usize, coefficients: usize, n: i32, length: i32, dimension: i32,
  gradient: usize, gradientStride: i32,
  positions: usize, distinct: usize, count: i32, sums: usize,
): i32 {
  let found = count;
  for (let i = 0; i < n; i++) {
    const source = gradient + ((<usize>i * <usize>gradientStride) << 2);
    for (let j = 0; j < length; j++) {
      const at = <usize>(i * length + j) << 2;
      const coefficient: f32 = coefficients == 0 ? 1 : load<f32>(coefficients + at);
      if (coefficient == 0) continue;
      const id = load<i32>(ids + at);
      const place = positions + (<usize>id << 2);
      let k = load<i32>(place) - 1;
      if (k < 0) {
        k = found++;
        store<i32>(place, k + 1);
        store<i32>(distinct + (<usize>k << 2), id);
        memory.fill(sums + ((<usize>k * <usize>dimension) << 2), 0, <usize>dimension << 2);
      }
      addScaled(sums + ((<usize>k * <usize>dimension) << 2), source, coefficient, dimension);
    }
  }
  return found;
}
