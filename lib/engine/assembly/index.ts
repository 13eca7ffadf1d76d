/**
 * The sparse part of a training step, in AssemblyScript with SIMD: it gathers embedding rows, adds up their gradients,
 * and updates only the rows that the batch touched.
 *
 * A table is `rows` x `stride` floats. A row holds its weights, `dimension` floats, and then the optimizer's state:
 *
 *     adam               weights | m | v                  each of `dimension` floats
 *     adagrad            weights | sum of squares         each of `dimension` floats
 *     rowwiseAdagrad     weights | sum of mean squares    one float
 *     momentum           weights | velocity               each of `dimension` floats
 *     sgd                weights
 *
 * A dense parameter is a table of one row. All pointers are byte offsets into the imported memory; nothing is allocated
 * here. An update changes `count` rows: `distinct` has their ids, and `sums` has for each the sum of its gradients over
 * the batch, so that an optimizer squares the sum and not the single gradients. In the formulas, g is that sum plus
 * l2 w, and is computed once for each row and step. All sums are added in a fixed order. An update resets the positions
 * of its rows to 0.
 */

export { gather, scatter } from './gather-scatter';
export { adam } from './adam';
export { adagrad, rowwiseAdagrad } from './adagrad';
export { momentum, sgd } from './sgd';
