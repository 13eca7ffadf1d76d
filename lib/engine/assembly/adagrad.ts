import { addScaled, penaltyOf, rowOf, touchRows, TOUCHED_AHEAD } from './rows';

/** Adagrad: s += g^2, w -= learningRate g / (sqrt(s) + epsilon). */
export function adagrad(
  table: usize, stride: i32, width: i32, dimension: i32, distinct: usize, count: i32, sums: usize, occurrences: usize,
  l2: f32, epsilon: f32, learningRate: f32,
): i32 {
  const state = <usize>width << 2;
  let g = sums, read = 0;
  for (let k = 0; k < count; k++) {
    if (k % TOUCHED_AHEAD == 0) read ^= touchRows(table, stride, distinct, k, min(k + TOUCHED_AHEAD, count));
    let w = rowOf(table, stride, distinct, k);
    const penalty = penaltyOf(l2, occurrences, k);
    let i = 0;
    for (; i + 4 <= dimension; i += 4) {
      const weight = v128.load(w);
      const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(penalty), weight));
      const sum = f32x4.add(v128.load(w + state), f32x4.mul(gradient, gradient));
      v128.store(w + state, sum);
      v128.store(w, f32x4.sub(weight, f32x4.div(f32x4.mul(f32x4.splat(learningRate), gradient), f32x4.add(f32x4.sqrt(sum), f32x4.splat(epsilon)))));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      const gradient = load<f32>(g) + penalty * weight;
      const sum = load<f32>(w + state) + gradient * gradient;
      store<f32>(w + state, sum);
      store<f32>(w, weight - (learningRate * gradient) / (sqrt<f32>(sum) + epsilon));
      w += 4; g += 4;
    }
  }
  return read;
}

/**
 * Row-wise Adagrad, with one sum s for each row:
 *
 *     s += mean of g^2 over the row, w -= learningRate g / (sqrt(s) + epsilon)
 *
 * The squares are added up in four lanes, then the lanes in order, then the last values of a row that fill no lane.
 */
export function rowwiseAdagrad(
  table: usize, stride: i32, width: i32, dimension: i32, distinct: usize, count: i32, sums: usize, occurrences: usize,
  l2: f32, epsilon: f32, learningRate: f32,
): i32 {
  const state = <usize>width << 2;
  let g = sums, read = 0;
  for (let k = 0; k < count; k++) {
    if (k % TOUCHED_AHEAD == 0) read ^= touchRows(table, stride, distinct, k, min(k + TOUCHED_AHEAD, count));
    const w = rowOf(table, stride, distinct, k);
    const penalty = penaltyOf(l2, occurrences, k);
    const s = w + state;
    const sum = load<f32>(s) + sumOfSquares(w, g, dimension, penalty) / <f32>dimension;
    store<f32>(s, sum);
    addScaled(w, g, -learningRate / (sqrt<f32>(sum) + epsilon), dimension);
    g += <usize>dimension << 2;
  }
  return read;
}

/** Adds penalty w to the gradients of a row, in place, and returns the sum of their squares. */
@inline
function sumOfSquares(weights: usize, gradients: usize, dimension: i32, penalty: f32): f32 {
  let i = 0, w = weights, g = gradients;
  let lanes = f32x4.splat(0);
  for (; i + 4 <= dimension; i += 4) {
    const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(penalty), v128.load(w)));
    v128.store(g, gradient);
    lanes = f32x4.add(lanes, f32x4.mul(gradient, gradient));
    w += 16; g += 16;
  }
  let sum = f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
  for (; i < dimension; i++) {
    const gradient = load<f32>(g) + penalty * load<f32>(w);
    store<f32>(g, gradient);
    sum += gradient * gradient;
    w += 4; g += 4;
  }
  return sum;
}
