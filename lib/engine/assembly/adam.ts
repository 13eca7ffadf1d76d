import { penaltyOf, rowOf, touchRows, TOUCHED_AHEAD } from './rows';

/**
 * Adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= stepSize m / (rootScale sqrt(v) + epsilon). The bias
 * corrections are in stepSize and rootScale.
 */
export function adam(
  table: usize, stride: i32, width: i32, dimension: i32, distinct: usize, count: i32, sums: usize, occurrences: usize,
  l2: f32, beta1: f32, beta2: f32, epsilon: f32, stepSize: f32, rootScale: f32,
): i32 {
  const rest1: f32 = <f32>1 - beta1, rest2: f32 = <f32>1 - beta2;
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
      const m = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(w + state)), f32x4.mul(f32x4.splat(rest1), gradient));
      const v = f32x4.add(f32x4.mul(f32x4.splat(beta2), v128.load(w + 2 * state)), f32x4.mul(f32x4.splat(rest2), f32x4.mul(gradient, gradient)));
      const root = f32x4.add(f32x4.mul(f32x4.splat(rootScale), f32x4.sqrt(v)), f32x4.splat(epsilon));
      v128.store(w + state, m);
      v128.store(w + 2 * state, v);
      v128.store(w, f32x4.sub(weight, f32x4.div(f32x4.mul(f32x4.splat(stepSize), m), root)));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      const gradient = load<f32>(g) + penalty * weight;
      const m = beta1 * load<f32>(w + state) + rest1 * gradient;
      const v = beta2 * load<f32>(w + 2 * state) + rest2 * (gradient * gradient);
      store<f32>(w + state, m);
      store<f32>(w + 2 * state, v);
      store<f32>(w, weight - (stepSize * m) / (rootScale * sqrt<f32>(v) + epsilon));
      w += 4; g += 4;
    }
  }
  return read;
}
