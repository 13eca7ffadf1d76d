/**
 * The part of a training step that does not run the network, in AssemblyScript with SIMD: it gathers embedding rows,
 * draws dropout masks, adds up gradients, and updates parameters and only those rows that the batch touched. Several
 * threads run it on one shared memory, each on rows and parameters that no other writes at the same time.
 *
 * A table is `rows` x `stride` floats. A row holds its weights, `dimension` floats, and then the optimizer's state,
 * whose first float stands `width` floats after the first weight:
 *
 *     adam               weights | m | v                  each of `width` floats
 *     adagrad            weights | sum of squares         each of `width` floats
 *     rowwiseAdagrad     weights | sum of mean squares    one float
 *     momentum           weights | velocity               each of `width` floats
 *     sgd                weights
 *
 * In an embedding table `width` is `dimension`. A dense parameter is a table of one row, of which an update changes
 * `dimension` neighbouring weights. All pointers are byte offsets into the imported memory; nothing is allocated here.
 * An update changes `count` rows: `distinct` has their ids, and `sums` has for each the sum of its gradients over the
 * batch, so that an optimizer squares the sum and not the single gradients. In the formulas, g is that sum plus l2 n w,
 * where `occurrences` has the number n of times that the id occurs in the batch, and is computed once for each row and step. All sums are added in a fixed order. What an update returns has no
 * meaning (see `touchRows`).
 */

export { gather } from './gather';
export { flag, scatter } from './scatter';
export { sumMembers } from './dense';
export { dropout } from './dropout';
export { adam } from './adam';
export { adagrad, rowwiseAdagrad } from './adagrad';
export { momentum, sgd } from './sgd';
