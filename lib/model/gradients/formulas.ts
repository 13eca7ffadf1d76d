/** Gradients of single TF.js kernels, written with TF.js functions that have tracing rules. */
import * as tf from '@tensorflow/tfjs-core';

/** Returns the gradient by an operand that was broadcast: summed over the axes along which it was repeated. */
export function summedTo(operand: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
  if (tf.util.arraysEqual(operand.shape, gradient.shape)) return gradient;
  const axes = tf.broadcast_util.getReductionAxes(operand.shape, gradient.shape);
  return tf.reshape(tf.sum(gradient, axes), operand.shape);
}

/** Returns the gradient of `tile`: the sum over the repetitions. */
export function tileGradient(dy: tf.Tensor, shape: readonly number[], repetitions: readonly number[]): tf.Tensor {
  if (shape.length === 0) return dy;
  const repeated = shape.flatMap((size, i) => [repetitions[i] as number, size]);
  return tf.sum(
    tf.reshape(dy, repeated),
    shape.map((_, i) => 2 * i),
  );
}

/**
 * Returns the gradient of `cumprod`. The factor i is in each product j from i on, whose derivative by it is the product
 * of the factors before i and of those from i + 1 to j; nothing is divided, so a factor may be 0.
 */
export function cumprodGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  axis: number,
  { isExclusive, isReverse }: { isExclusive: boolean; isReverse: boolean },
): tf.Tensor {
  const at = tf.util.parseAxisParam(axis, x.shape)[0] as number;
  const last = x.rank - 1;
  const length = x.shape[at] as number;
  const inOrder = (tensor: tf.Tensor) =>
    isReverse ? tf.reverse(moved(tensor, at, last), last) : moved(tensor, at, last);
  const factors = inOrder(x);
  const before = tf.cumprod(factors, last, true);
  const laterBy = (distance: number) =>
    tf.tensor2d(
      Array.from({ length }, (_, i) => Array.from({ length }, (__, k) => Number(k >= i + distance))),
      [length, length],
      'bool',
    );
  const later = tf.where(laterBy(1), tf.expandDims(factors, last), 1);
  const between = tf.cumprod(later, last + 1);
  // The exclusive product j is the inclusive product j - 1.
  const gradient = isExclusive ? movedForward(inOrder(dy), last) : inOrder(dy);
  const terms = tf.where(laterBy(0), tf.mul(between, tf.expandDims(gradient, last)), 0);
  const result = tf.mul(before, tf.sum(terms, last + 1));
  return moved(isReverse ? tf.reverse(result, last) : result, last, at);
}

/** Returns the gradient of `prod`: by each factor the product of those before and those after it. */
export function prodGradient(dy: tf.Tensor, x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...kept, ...axes];
  const shape = kept.map((axis) => x.shape[axis] as number);
  const count = tf.util.sizeFromShape(axes.map((axis) => x.shape[axis] as number));
  const factors = tf.reshape(tf.transpose(x, order), [...shape, count]);
  const others = tf.mul(tf.cumprod(factors, kept.length, true), tf.cumprod(factors, kept.length, true, true));
  const gradient = tf.mul(tf.reshape(dy, [...shape, 1]), others);
  const inOrder = tf.reshape(
    gradient,
    order.map((axis) => x.shape[axis] as number),
  );
  return tf.transpose(
    inOrder,
    order.map((_, i) => order.indexOf(i)),
  );
}

/** Returns the gradient of `mirrorPad`: that of the middle, and those of the copies at the elements that they copy. */
export function mirrorPadGradient(
  dy: tf.Tensor,
  shape: readonly number[],
  paddings: readonly (readonly [number, number])[],
  isReflect: boolean,
): tf.Tensor {
  const inside = isReflect ? 1 : 0;
  return paddings.reduce((rest, [before, after], axis) => {
    const length = shape[axis] as number;
    const copies = (from: number, size: number, to: number) => {
      const pads = rest.shape.map((): [number, number] => [0, 0]).with(axis, [to, length - to - size]);
      return size === 0 ? [] : [tf.pad(tf.reverse(part(rest, axis, from, size), axis), pads)];
    };
    return [
      part(rest, axis, before, length),
      ...copies(0, before, inside),
      ...copies(before + length, after, length - inside - after),
    ].reduce((a, b) => tf.add(a, b));
  }, dy);
}

/** Returns the gradient of `gather` with `batchDims`: each row of it is added to the row that was gathered. */
export function gatherInBatchGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  indices: tf.Tensor,
  axis: number,
  batchDims: number,
): tf.Tensor {
  const batch = x.shape.slice(0, batchDims);
  const [rows, length] = [tf.util.sizeFromShape(batch), x.shape[axis] as number];
  const [between, after] = [x.shape.slice(batchDims, axis), x.shape.slice(axis + 1)];
  const chosen = indices.shape.slice(batchDims);
  // The axes of the indices, and the axis that they choose along, come after those of the batch.
  const axes = dy.shape.map((_, i) => i);
  const ofIndices = axes.slice(axis, axis + chosen.length);
  const order = [
    ...axes.slice(0, batchDims),
    ...ofIndices,
    ...axes.slice(batchDims).filter((i) => !ofIndices.includes(i)),
  ];
  const perRow = tf.util.sizeFromShape(chosen);
  const values = tf.reshape(tf.transpose(dy, order), [rows * perRow, ...between, ...after]);
  const row = tf.cumsum(tf.ones([rows], 'int32'), 0, true);
  const positions = tf.add(
    tf.reshape(indices, [rows, perRow]),
    tf.mul(tf.reshape(row, [rows, 1]), tf.scalar(length, 'int32')),
  );
  const summed = tf.unsortedSegmentSum(values, tf.reshape(positions, [-1]) as tf.Tensor1D, rows * length);
  return moved(tf.reshape(summed, [...batch, length, ...between, ...after]), batchDims, axis);
}

/** Returns the gradient of the values of `topk`. */
export function topKGradient(dy: tf.Tensor, shape: readonly number[], indices: tf.Tensor): tf.Tensor {
  const chosen = tf.oneHot(indices, shape.at(-1) as number, 1, 0, 'float32');
  return tf.sum(tf.mul(tf.expandDims(dy, -1), chosen), -2);
}

/** Returns the gradient of `stridedSlice`: zeros, with the gradient at the elements that were taken. */
export function stridedSliceGradient(
  dy: tf.Tensor,
  shape: readonly number[],
  attributes: Readonly<Record<string, unknown>>,
): tf.Tensor {
  const lists = ['begin', 'end', 'strides'].map((name) => attributes[name]) as [number[], number[], number[]];
  const masks = ['beginMask', 'endMask', 'ellipsisMask', 'newAxisMask', 'shrinkAxisMask'];
  const { begin, end, strides } = tf.slice_util.sliceInfo(
    [...shape],
    ...lists,
    ...(masks.map((name) => attributes[name]) as [number, number, number, number, number]),
  );
  const taken = tf.slice_util.computeOutShape(begin, end, strides);
  if (taken.includes(0)) return tf.zeros([...shape]);
  let spread: tf.Tensor = tf.reshape(dy, taken);
  const pads = shape.map((size, axis): [number, number] => {
    const [first, stride, count] = [begin[axis] as number, strides[axis] as number, taken[axis] as number];
    if (stride < 0) spread = tf.reverse(spread, axis);
    if (Math.abs(stride) > 1) spread = spreadOut(spread, axis, Math.abs(stride));
    const from = stride < 0 ? first + (count - 1) * stride : first;
    return [from, size - from - (spread.shape[axis] as number)];
  });
  return pads.every(([before, after]) => before === 0 && after === 0) ? spread : tf.pad(spread, pads);
}

/**
 * Returns the gradient of `einsum` by one of its terms: the product of the gradient and the other term, by the same
 * notation, repeated along the axes that only this term has.
 */
export function einsumGradient(dy: tf.Tensor, terms: readonly tf.Tensor[], equation: string, of: number): tf.Tensor {
  const [left, output] = equation.replaceAll(/\s/g, '').split('->') as [string, string];
  const letters = left.split(',');
  const [own, operand] = [letters[of] as string, terms[of] as tf.Tensor];
  const others = letters.flatMap((term, i) => (i === of ? [] : [{ term, tensor: terms[i] as tf.Tensor }]));
  const found = [...own].filter(
    (letter) => output.includes(letter) || others.some(({ term }) => term.includes(letter)),
  );
  const factors = output === '' ? others : [...others, { term: output, tensor: dy }];
  const product =
    factors.length === 0
      ? tf.scalar(1)
      : tf.einsum(
          `${factors.map(({ term }) => term).join()}->${found.join('')}`,
          ...factors.map(({ tensor }) => tensor),
        );
  const scaled = output === '' ? tf.mul(product, dy) : product;
  const shape = [...own].map((letter, i) => (found.includes(letter) ? (operand.shape[i] as number) : 1));
  return tf.mul(tf.reshape(scaled, shape), tf.onesLike(operand));
}

/** Puts zeros between the elements along an axis, so that they are `by` apart. */
function spreadOut(x: tf.Tensor, axis: number, by: number): tf.Tensor {
  const count = x.shape[axis] as number;
  const expanded = tf.expandDims(x, axis + 1);
  const pads = expanded.shape.map((): [number, number] => [0, 0]).with(axis + 1, [0, by - 1]);
  const padded = tf.reshape(tf.pad(expanded, pads), x.shape.with(axis, count * by));
  return part(padded, axis, 0, (count - 1) * by + 1);
}

/** Moves the elements along the last axis one place towards its beginning, and puts 0 at its end. */
function movedForward(x: tf.Tensor, last: number): tf.Tensor {
  const pads = x.shape.map((): [number, number] => [0, 0]).with(last, [0, 1]);
  return part(tf.pad(x, pads), last, 1, x.shape[last] as number);
}

function part(x: tf.Tensor, axis: number, from: number, size: number): tf.Tensor {
  const begin = x.shape.map(() => 0).with(axis, from);
  return tf.slice(x, begin, x.shape.with(axis, size));
}

/** Returns the tensor with one axis at another place, and the others in their order. */
function moved(x: tf.Tensor, from: number, to: number): tf.Tensor {
  if (from === to) return x;
  const others = x.shape.map((_, i) => i).filter((i) => i !== from);
  return tf.transpose(x, others.toSpliced(to, 0, from));
}
