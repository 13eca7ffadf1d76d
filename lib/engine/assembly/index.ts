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

export { gather, scatter } from './gather-scatter';
export { adam } from './adam';
export { adagrad, rowwiseAdagrad } from './adagrad';
export { momentum, sgd } from './sgd';
