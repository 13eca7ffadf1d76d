import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

export const SHAPE_CASES: readonly KernelCase[] = [
  differentiable(
    'reshape',
    ['x', 'm'],
    ({ x, m }) => [
      tf.reshape(x, [-1, 3, 2]),
      tf.reshape(x, [-1]),
      tf.reshape(m, [m.shape[0] as number, 12]),
      tf.expandDims(x, 1),
      tf.expandDims(x, -1),
      tf.squeeze(tf.expandDims(x, 1), [1]),
    ],
    { fewestRows: 1 },
  ),
  differentiable('flatten', ['m'], ({ m }) => tf.reshape(m, [m.shape[0] as number, -1]), { fewestRows: 1 }),
  differentiable('transpose', ['x', 'm', 'w'], ({ x, m, w }) => [
    tf.transpose(x),
    tf.transpose(m, [0, 2, 1]),
    tf.transpose(m, [2, 0, 1]),
    tf.transpose(w),
  ]),
  differentiable('tile', ['x', 'm', 'y'], ({ x, m, y }) => [
    tf.tile(x, [2, 1]),
    tf.tile(x, [1, 3]),
    tf.tile(m, [1, 2, 2]),
    tf.tile(y, [3]),
    tf.tile(tf.reshape(m, [-1, 2, 1, 2, 3]), [1, 1, 2, 1, 1]),
  ]),
  differentiable(
    'a row for each row of the batch',
    ['y'],
    ({ x, y }) => [
      tf.broadcastTo(y, x.shape as [number, number]),
      tf.tile(tf.expandDims(y, 0), [x.shape[0] as number, 1]),
    ],
    { fewestRows: 1 },
  ),
  differentiable(
    'broadcastTo',
    ['z', 'w'],
    ({ z, w, x }) => [tf.broadcastTo(z, x.shape as [number, number]), tf.broadcastTo(w, [2, 3, 5])],
    { fewestRows: 1 },
  ),
  differentiable('concat', ['x', 'v', 'z'], ({ x, v, z }) => [
    tf.concat([x, v, x], 1),
    tf.concat([x, z], -1),
    tf.concat([x, v], 0),
    tf.concat([x, tf.zeros([x.shape[0] as number, 0])], 1),
  ]),
  differentiable('stack and unstack', ['x', 'v'], ({ x, v }) => [
    tf.stack([x, v], 1),
    tf.stack([x, v], -1),
    tf.stack([x, v]),
    ...tf.unstack(tf.reshape(x, [-1, 2, 3]), 1),
    ...tf.unstack(x, -1).slice(1, 3),
  ]),
  differentiable('split', ['x'], ({ x }) => [
    ...tf.split(x, 3, 1),
    ...tf.split(x, [1, 2, 3], -1),
    ...tf.split(x, [4, -1], 1),
  ]),
  values('concat, stack and split of whole numbers and booleans', ({ i, j, p, q }) => [
    tf.concat([i, j], 1),
    tf.stack([p, q], 1),
    ...tf.split(i, 2, 1),
    tf.tile(p, [1, 2]),
    tf.transpose(p),
  ]),

  differentiable('slice', ['x', 'm'], ({ x, m }) => [
    tf.slice(x, [0, 1], [-1, 3]),
    tf.slice(m, [0, 1, 0], [-1, 2, 2]),
    tf.slice(x, [0, 2]),
    tf.slice(x, [0, 5], [-1, 1]),
  ]),
  differentiable(
    'stridedSlice',
    ['x', 'm', 'w'],
    ({ x, m, w }) => [
      tf.stridedSlice(x, [0, 1], [x.shape[0] as number, 6], [1, 2]),
      tf.stridedSlice(x, [0, 4], [0, -7], [1, -2], 1, 1),
      tf.stridedSlice(m, [0, 1, 0], [0, 3, 2], [1, 1, 1], 1, 1),
      tf.stridedSlice(m, [0, 1], [0, 0], [1, 1], 1, 1, 0, 0, 2),
      tf.stridedSlice(x, [0, 0], [0, 0], [1, 1], 3, 3),
      tf.stridedSlice(w, [2, 0], [0, 5], [-1, 3]),
      tf.stridedSlice(w, [1, 0], [1, 5], [1, 1]),
      tf.stridedSlice(x, [0, 0, 0], [0, 0, 6], [1, 1, 3], 1, 1, 0, 2),
      tf.stridedSlice(m, [0, -1], [0, 3], [1, 1], 1, 1, 1),
    ],
    { fewestRows: 1 },
  ),
  differentiable('reverse', ['x', 'm'], ({ x, m }) => [
    tf.reverse(x, 1),
    tf.reverse(m, [1, -1]),
    tf.reverse(m, 2),
    tf.reverse(x, 0),
    tf.reverse(x, []),
  ]),
  differentiable('pad', ['x', 'm'], ({ x, m }) => [
    tf.pad(x, [
      [0, 0],
      [1, 2],
    ]),
    tf.pad(
      m,
      [
        [0, 0],
        [0, 1],
        [2, 0],
      ],
      0.5,
    ),
  ]),
  values('pad of whole numbers and booleans', ({ i, p }) => [
    tf.pad(
      i,
      [
        [0, 0],
        [1, 1],
      ],
      7,
    ),
    tf.pad(tf.cast(p, 'int32'), [
      [0, 0],
      [1, 0],
    ]),
  ]),
  differentiable(
    'mirrorPad',
    ['x', 'm'],
    ({ x, m }) => [
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [2, 1],
        ],
        'reflect',
      ),
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [2, 6],
        ],
        'symmetric',
      ),
      tf.mirrorPad(
        m,
        [
          [0, 0],
          [1, 2],
          [2, 1],
        ],
        'reflect',
      ),
      tf.mirrorPad(
        m,
        [
          [0, 0],
          [1, 2],
          [0, 3],
        ],
        'symmetric',
      ),
    ],
    { fewestRows: 1 },
  ),

  differentiable('constants', ['x'], ({ x }) => [
    tf.add(x, tf.fill([6], 0.5)),
    tf.add(x, tf.range(0, 6)),
    tf.add(x, tf.range(5, -1, -1)),
    tf.add(x, tf.range(6, 0)),
    tf.add(x, tf.linspace(-1, 1, 6)),
    tf.mul(x, tf.onesLike(x)),
    tf.add(x, tf.zerosLike(x)),
    tf.add(x, tf.zeros(x.shape)),
    tf.matMul(x, tf.eye(6)),
  ]),
  values('constants of other types', ({ x }) => [
    tf.zeros(x.shape, 'int32'),
    tf.onesLike(tf.cast(x, 'bool')),
    tf.range(0, 10, 3, 'int32'),
    tf.range(0, 1, 0.1),
    tf.linspace(2, 2, 1),
    tf.range(3, 3),
  ]),
];
