import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

const int = (values: number | number[] | number[][]) => tf.tensor(values, undefined, 'int32');

export const INDEXING_CASES: readonly KernelCase[] = [
  differentiable(
    'lookup of rows',
    ['table'],
    ({ table, ids, rows }) => [
      tf.gather(table, rows),
      tf.gather(table, ids),
      tf.mean(tf.gather(table, ids), 1),
      tf.gather(table, tf.reshape(ids, [-1])),
      tf.gather(table, tf.abs(tf.sub(ids, int(3)))),
      tf.gather(table, tf.argMax(tf.slice(tf.gather(table, rows), [0, 1], [-1, 4]), 1)),
    ],
    { fewestRows: 1 },
  ),
  differentiable(
    'gather of columns',
    ['x', 'm'],
    ({ x, m }) => [
      tf.gather(x, int([5, 0, 0]), 1),
      tf.gather(
        x,
        int([
          [1, 2],
          [3, 3],
        ]),
        -1,
      ),
      tf.gather(m, int([2, 1]), 1),
      tf.gather(m, int([2, 1, 1]), 2),
    ],
    { fewestRows: 1 },
  ),
  differentiable(
    'gather of each row by its own indices',
    ['x', 'm'],
    ({ x, m, ids, rows }) => [
      tf.gather(x, ids, 1, 1),
      tf.gather(x, tf.reshape(rows, [-1, 1]), 1, 1),
      tf.gather(m, ids, 1, 1),
      tf.gather(tf.transpose(m, [0, 2, 1]), ids, 2, 1),
      tf.gather(
        tf.reshape(x, [-1, 2, 3]),
        tf.stack([tf.minimum(ids, int(2)), tf.maximum(tf.sub(ids, int(1)), int(0))], 1),
        2,
        2,
      ),
    ],
    { fewestRows: 1 },
  ),
  values(
    'gather of whole numbers and booleans',
    ({ i, p, ids }) => [tf.gather(i, int([1, 2]), 1), tf.gather(p, int([1]), 1), tf.gather(i, ids, 1, 1)],
    { fewestRows: 1 },
  ),
  differentiable(
    'gatherND',
    ['table', 'm'],
    ({ table, m, ids, rows }) => [
      tf.gatherND(table, ids),
      tf.gatherND(table, tf.expandDims(ids, 2)),
      tf.gatherND(table, tf.reshape(rows, [-1, 1])),
      tf.gatherND(
        tf.transpose(m, [1, 2, 0]),
        int([
          [0, 1],
          [3, 2],
          [0, 1],
        ]),
      ),
    ],
    { fewestRows: 1 },
  ),
  differentiable(
    'scatterND',
    ['x', 'z'],
    ({ x, z, rows, ids }) => [
      tf.scatterND(tf.reshape(rows, [-1, 1]), x, [4, 6]),
      tf.scatterND(ids, tf.reshape(z, [-1]), [4, 5]),
    ],
    { fewestRows: 1 },
  ),
  differentiable(
    'tensorScatterUpdate',
    ['table', 'y'],
    ({ table, y }) => tf.tensorScatterUpdate(table, int([[2], [0]]), tf.stack([y, tf.mul(y, 2)])),
    // TF.js itself writes into the tensor that it is given.
    {
      inTfjs: ({ table, y }) =>
        tf.stack([tf.mul(y, 2), tf.gather(table, 1), y, tf.gather(table, 3)].map((row) => tf.reshape(row, [6]))),
    },
  ),
  values('sparseToDense', ({ y }) => [
    tf.sparseToDense(
      int([
        [2, 1],
        [0, 3],
      ]),
      tf.slice(y, [1], [2]),
      [3, 4],
      0.5,
    ),
    tf.sparseToDense(int([3, 0]), tf.scalar(2), [5]),
    tf.sparseToDense(int([3, 0]), int([4, 5]), [5], tf.scalar(1, 'int32')),
  ]),
  differentiable(
    'unsortedSegmentSum',
    ['x', 'z'],
    ({ x, z, rows, i }) => [
      tf.unsortedSegmentSum(x, rows as tf.Tensor1D, 4),
      tf.unsortedSegmentSum(tf.reshape(z, [-1]), rows as tf.Tensor1D, 5),
      tf.unsortedSegmentSum(
        tf.reshape(tf.slice(x, [0, 1], [-1, 1]), [-1]),
        tf.reshape(tf.minimum(tf.slice(i, [0, 1], [-1, 1]), int(2)), [-1]) as tf.Tensor1D,
        3,
      ),
    ],
    { fewestRows: 1 },
  ),
  values(
    'unsortedSegmentSum of segments that there are not',
    ({ x, i }) => tf.unsortedSegmentSum(x, tf.reshape(tf.slice(i, [0, 1], [-1, 1]), [-1]) as tf.Tensor1D, 3),
    { fewestRows: 1 },
  ),
  values('oneHot', ({ ids, rows, i }) => [
    tf.oneHot(ids, 4),
    tf.oneHot(rows, 3, 2, -1, 'float32'),
    tf.oneHot(i, 4),
    tf.oneHot(ids, 4, 1, 0, 'bool'),
  ]),
  differentiable(
    'topk',
    ['x', 'm'],
    ({ x, m }) => [
      tf.topk(x, 2).values,
      tf.topk(m, 1).values,
      tf.gather(tf.neg(x), tf.topk(x, 3).indices, 1, 1),
      tf.topk(x, 6).values,
    ],
    { fewestRows: 1 },
  ),
  values(
    'topk of equal elements',
    ({ p, i, x }) => [
      tf.topk(tf.cast(p, 'float32'), 4).indices,
      tf.topk(i, 3).values,
      tf.topk(i, 3).indices,
      tf.topk(tf.concat([x, x], 1), 12).indices,
    ],
    { fewestRows: 1 },
  ),
  values(
    'searchSorted',
    ({ x, i }) => [
      tf.searchSorted(tf.broadcastTo(tf.tensor([-1, -0.5, 0, 1.2]), [x.shape[0] as number, 4]), x, 'left'),
      tf.searchSorted(
        tf.broadcastTo(tf.tensor([-3, 0, 0, 2], undefined, 'int32'), [x.shape[0] as number, 4]),
        i,
        'right',
      ),
      tf.lowerBound(tf.broadcastTo(tf.tensor([-3, 0, 0, 2], undefined, 'int32'), [x.shape[0] as number, 4]), i),
    ],
    { fewestRows: 1 },
  ),
];
