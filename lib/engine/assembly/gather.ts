import { addScaled, clearRow, copyRow, rowOf } from './rows';

/**
 * Gathers the embeddings of one field: out[i] = sum over j of coefficients[i, j] * weights of row ids[i, j], for
 * from <= i < to, j < length. Where `coefficients` is 0, a null pointer, all coefficients are 1 and `length` is 1.
 * `outStride` is in floats. Where `step` is `dimension` and not 0, the terms are not added up, but stand side by side.
 */
export function gather(
  table: usize, stride: i32, dimension: i32,
  ids: usize, coefficients: usize, from: i32, to: i32, length: i32,
  out: usize, outStride: i32, step: i32,
): void {
  for (let i = from; i < to; i++) {
    const target = out + ((<usize>i * <usize>outStride) << 2);
    if (coefficients == 0) {
      copyRow(target, rowOf(table, stride, ids, i), dimension);
      continue;
    }
    clearRow(target, step == 0 ? dimension : length * step);
    for (let j = 0; j < length; j++) {
      const at = i * length + j;
      const coefficient = load<f32>(coefficients + (<usize>at << 2));
      const place = target + ((<usize>j * <usize>step) << 2);
      if (coefficient != 0) addScaled(place, rowOf(table, stride, ids, at), coefficient, dimension);
    }
  }
}
