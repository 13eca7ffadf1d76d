import { penaltyOf, rowOf, touchRows, TOUCHED_AHEAD } from './rows';

/** Gradient descent: w -= learningRate g. */
export function sgd(
  table: usize, stride: i32, width: i32, dimension: i32, distinct: usize, count: i32, sums: usize, occurrences: usize,
  l2: f32, learningRate: f32,
): i32 {
  let g = sums, read = 0;
  for (let k = 0; k < count; k++) {
    if (k % TOUCHED_AHEAD == 0) read ^= touchRows(table, stride, distinct, k, min(k + TOUCHED_AHEAD, count));
    let w = rowOf(table, stride, distinct, k);
    const penalty = penaltyOf(l2, occurrences, k);
    let i = 0;
    for (; i + 4 <= dimension; i += 4) {
      const weight = v128.load(w);
      const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(penalty), weight));
      v128.store(w, f32x4.sub(weight, f32x4.mul(f32x4.splat(learningRate), gradient)));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      store<f32>(w, weight - learningRate * (load<f32>(g) + penalty * weight));
      w += 4; g += 4;
    }
  }
  return read;
}

/** Gradient descent with momentum: v = decay v + g, w -= learningRate v. */
export function momentum(
  table: usize, stride: i32, width: i32, dimension: i32, distinct: usize, count: i32, sums: usize, occurrences: usize,
  l2: f32, decay: f32, learningRate: f32,
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
      const v = f32x4.add(f32x4.mul(f32x4.splat(decay), v128.load(w + state)), gradient);
      v128.store(w + state, v);
      v128.store(w, f32x4.sub(weight, f32x4.mul(f32x4.splat(learningRate), v)));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      const v = decay * load<f32>(w + state) + (load<f32>(g) + penalty * weight);
      store<f32>(w + state, v);
      store<f32>(w, weight - learningRate * v);
      w += 4; g += 4;
    }
  }
  return read;
}
