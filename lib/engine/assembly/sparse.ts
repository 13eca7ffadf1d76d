/**
 * The sparse side of a training step, in AssemblyScript with SIMD: read embedding rows, add up their gradients, and
 * update only the rows that the batch touched.
 *
 * A table is `rows` x `stride` floats. A row holds its weights, `dimension` floats, and then the optimizer's state:
 *
 *     adam               weights | m | v                  each of `dimension` floats
 *     adagrad            weights | sum of squares         each of `dimension` floats
 *     rowwiseAdagrad     weights | sum of mean squares    one float
 *     momentum           weights | velocity               each of `dimension` floats
 *     sgd                weights
 *
 * A dense parameter is a table of one row. All pointers are byte offsets into the one memory; nothing is allocated
 * here. An update works on `count` distinct rows: `distinct` has their ids, `sums` the sum of each row's gradients over
 * the batch, so that a square is of the sum. g is that sum plus l2 w, taken once a row and step. Every sum is made in
 * one fixed order. An update clears the slots of its rows.
 */

/**
 * out[i] = sum over j of coefficients[i, j] * weights of row ids[i, j], for i < n, j < length.
 * `coefficients` is 0 where each row has one id of coefficient 1. `outStride` is in floats.
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
 * Adds the gradients of one field to `sums`, one row of `dimension` floats for each distinct id, in the order in which
 * the ids first appear. `slot` has an i32 per table row, 0 or 1 + its place in `distinct`. Returns the number of
 * distinct ids, `count` of which were there before (fields may share a table). Ids of coefficient 0 are padding.
 */
export function scatter(
  ids: usize, coefficients: usize, n: i32, length: i32, dimension: i32,
  gradient: usize, gradientStride: i32,
  slot: usize, distinct: usize, count: i32, sums: usize,
): i32 {
  let found = count;
  for (let i = 0; i < n; i++) {
    const source = gradient + ((<usize>i * <usize>gradientStride) << 2);
    for (let j = 0; j < length; j++) {
      const at = <usize>(i * length + j) << 2;
      const coefficient: f32 = coefficients == 0 ? 1 : load<f32>(coefficients + at);
      if (coefficient == 0) continue;
      const id = load<i32>(ids + at);
      const place = slot + (<usize>id << 2);
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

/**
 * Adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= stepSize m / (rootScale sqrt(v) + epsilon). The bias
 * corrections are in stepSize and rootScale.
 */
export function adam(
  table: usize, stride: i32, dimension: i32,
  slot: usize, distinct: usize, count: i32, sums: usize,
  l2: f32, beta1: f32, beta2: f32, epsilon: f32, stepSize: f32, rootScale: f32,
): void {
  const width = <usize>dimension << 2;
  const rest1: f32 = <f32>1 - beta1, rest2: f32 = <f32>1 - beta2;
  for (let k = 0; k < count; k++) {
    const id = load<i32>(distinct + (<usize>k << 2));
    store<i32>(slot + (<usize>id << 2), 0);
    let w = table + ((<usize>id * <usize>stride) << 2);
    let g = sums + <usize>k * width;
    let i = 0;
    for (; i + 4 <= dimension; i += 4) {
      const weight = v128.load(w);
      const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(l2), weight));
      const m = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(w + width)), f32x4.mul(f32x4.splat(rest1), gradient));
      const v = f32x4.add(f32x4.mul(f32x4.splat(beta2), v128.load(w + 2 * width)), f32x4.mul(f32x4.splat(rest2), f32x4.mul(gradient, gradient)));
      const root = f32x4.add(f32x4.mul(f32x4.splat(rootScale), f32x4.sqrt(v)), f32x4.splat(epsilon));
      v128.store(w + width, m);
      v128.store(w + 2 * width, v);
      v128.store(w, f32x4.sub(weight, f32x4.div(f32x4.mul(f32x4.splat(stepSize), m), root)));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      const gradient = load<f32>(g) + l2 * weight;
      const m = beta1 * load<f32>(w + width) + rest1 * gradient;
      const v = beta2 * load<f32>(w + 2 * width) + rest2 * (gradient * gradient);
      store<f32>(w + width, m);
      store<f32>(w + 2 * width, v);
      store<f32>(w, weight - (stepSize * m) / (rootScale * sqrt<f32>(v) + epsilon));
      w += 4; g += 4;
    }
  }
}

/** Adagrad: s += g^2, w -= learningRate g / (sqrt(s) + epsilon). */
export function adagrad(
  table: usize, stride: i32, dimension: i32,
  slot: usize, distinct: usize, count: i32, sums: usize,
  l2: f32, epsilon: f32, learningRate: f32,
): void {
  const width = <usize>dimension << 2;
  for (let k = 0; k < count; k++) {
    const id = load<i32>(distinct + (<usize>k << 2));
    store<i32>(slot + (<usize>id << 2), 0);
    let w = table + ((<usize>id * <usize>stride) << 2);
    let g = sums + <usize>k * width;
    let i = 0;
    for (; i + 4 <= dimension; i += 4) {
      const weight = v128.load(w);
      const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(l2), weight));
      const sum = f32x4.add(v128.load(w + width), f32x4.mul(gradient, gradient));
      v128.store(w + width, sum);
      v128.store(w, f32x4.sub(weight, f32x4.div(f32x4.mul(f32x4.splat(learningRate), gradient), f32x4.add(f32x4.sqrt(sum), f32x4.splat(epsilon)))));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      const gradient = load<f32>(g) + l2 * weight;
      const sum = load<f32>(w + width) + gradient * gradient;
      store<f32>(w + width, sum);
      store<f32>(w, weight - (learningRate * gradient) / (sqrt<f32>(sum) + epsilon));
      w += 4; g += 4;
    }
  }
}

/**
 * Row-wise Adagrad: one s a row, s += mean of g^2 over the row, w -= learningRate g / (sqrt(s) + epsilon). The squares
 * are added up in four lanes, then the lanes in their order, then what is left of the row.
 */
export function rowwiseAdagrad(
  table: usize, stride: i32, dimension: i32,
  slot: usize, distinct: usize, count: i32, sums: usize,
  l2: f32, epsilon: f32, learningRate: f32,
): void {
  const width = <usize>dimension << 2;
  for (let k = 0; k < count; k++) {
    const id = load<i32>(distinct + (<usize>k << 2));
    store<i32>(slot + (<usize>id << 2), 0);
    const w = table + ((<usize>id * <usize>stride) << 2);
    const g = sums + <usize>k * width;
    const s = w + width;
    const sum = load<f32>(s) + sumOfSquares(w, g, dimension, l2) / <f32>dimension;
    store<f32>(s, sum);
    addScaled(w, g, -learningRate / (sqrt<f32>(sum) + epsilon), dimension);
  }
}

/** Gradient descent: w -= learningRate g. */
export function sgd(
  table: usize, stride: i32, dimension: i32,
  slot: usize, distinct: usize, count: i32, sums: usize,
  l2: f32, learningRate: f32,
): void {
  const width = <usize>dimension << 2;
  for (let k = 0; k < count; k++) {
    const id = load<i32>(distinct + (<usize>k << 2));
    store<i32>(slot + (<usize>id << 2), 0);
    let w = table + ((<usize>id * <usize>stride) << 2);
    let g = sums + <usize>k * width;
    let i = 0;
    for (; i + 4 <= dimension; i += 4) {
      const weight = v128.load(w);
      const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(l2), weight));
      v128.store(w, f32x4.sub(weight, f32x4.mul(f32x4.splat(learningRate), gradient)));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      store<f32>(w, weight - learningRate * (load<f32>(g) + l2 * weight));
      w += 4; g += 4;
    }
  }
}

/** Gradient descent with momentum: v = decay v + g, w -= learningRate v. */
export function momentum(
  table: usize, stride: i32, dimension: i32,
  slot: usize, distinct: usize, count: i32, sums: usize,
  l2: f32, decay: f32, learningRate: f32,
): void {
  const width = <usize>dimension << 2;
  for (let k = 0; k < count; k++) {
    const id = load<i32>(distinct + (<usize>k << 2));
    store<i32>(slot + (<usize>id << 2), 0);
    let w = table + ((<usize>id * <usize>stride) << 2);
    let g = sums + <usize>k * width;
    let i = 0;
    for (; i + 4 <= dimension; i += 4) {
      const weight = v128.load(w);
      const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(l2), weight));
      const v = f32x4.add(f32x4.mul(f32x4.splat(decay), v128.load(w + width)), gradient);
      v128.store(w + width, v);
      v128.store(w, f32x4.sub(weight, f32x4.mul(f32x4.splat(learningRate), v)));
      w += 16; g += 16;
    }
    for (; i < dimension; i++) {
      const weight = load<f32>(w);
      const v = decay * load<f32>(w + width) + (load<f32>(g) + l2 * weight);
      store<f32>(w + width, v);
      store<f32>(w, weight - learningRate * v);
      w += 4; g += 4;
    }
  }
}

@inline
function rowOf(table: usize, stride: i32, ids: usize, at: i32): usize {
  return table + ((<usize>load<i32>(ids + (<usize>at << 2)) * <usize>stride) << 2);
}

@inline
function addScaled(target: usize, source: usize, coefficient: f32, dimension: i32): void {
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

/** Adds l2 w to the gradients of one row, in place, and returns the sum of their squares. */
@inline
function sumOfSquares(weights: usize, gradients: usize, dimension: i32, l2: f32): f32 {
  let i = 0, w = weights, g = gradients;
  let lanes = f32x4.splat(0);
  for (; i + 4 <= dimension; i += 4) {
    const gradient = f32x4.add(v128.load(g), f32x4.mul(f32x4.splat(l2), v128.load(w)));
    v128.store(g, gradient);
    lanes = f32x4.add(lanes, f32x4.mul(gradient, gradient));
    w += 16; g += 16;
  }
  let sum = f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
  for (; i < dimension; i++) {
    const gradient = load<f32>(g) + l2 * load<f32>(w);
    store<f32>(g, gradient);
    sum += gradient * gradient;
    w += 4; g += 4;
  }
  return sum;
}
