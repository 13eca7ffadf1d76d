import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import '../../lib/model/gradients/kernel-gradients.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { graphText } from '../../lib/graph/graph.ts';
import { RULES_BY_KIND } from '../../lib/graph/kernels/index.ts';
import { REFUSED } from '../../lib/graph/kernels/refused.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import { UntraceableError } from '../../lib/graph/recorder.ts';
import { type TracedInput, trace } from '../../lib/graph/trace.ts';

const X: TracedInput = { name: 'x', shape: ['batch', 3], type: 'float32' };

describe('trace', () => {
  it('writes the shapes of reshaped, expanded and tiled values for any batch size', () => {
    const graph = trace(({ x }) => ({ y: tf.tile(tf.reshape(tf.mul(x as tf.Tensor, tf.ones([3])), [-1]), [2]) }), [X]);
    expect(graphText(graph).split('\n').at(-1)).toBe('output y: float32[6 batch]');
    expect(graphText(graph)).toContain('constant shape_0: int64[1] = -1');
  });

  it('writes the shapes of values that have a row for each distinct row', () => {
    const shared: TracedInput = { name: 'shared', shape: ['distinct', 3], type: 'float32' };
    const tiled = trace((inputs) => ({ y: tf.tile(inputs.shared as tf.Tensor, [2, 1]) }), [shared]);
    expect(graphText(tiled).split('\n').at(-1)).toBe('output y: float32[2 distinct, 3]');
    const rows: TracedInput = { name: 'rows', shape: ['batch'], type: 'int64' };
    const graph = trace(
      (inputs) => ({
        y: tf.unsortedSegmentSum(inputs.x as tf.Tensor, inputs.rows as tf.Tensor1D, inputs.shared?.shape[0] as number),
      }),
      [X, shared, rows],
    );
    expect(graphText(graph)).toContain('Shape shared -> distinct_size {start=0 end=1}');
    expect(graphText(graph)).toContain('{reduction=add}');
    expect(graphText(graph).split('\n').at(-1)).toBe('output y: float32[distinct, 3]');
  });

  it('tells the shapes of values that ONNX would lose the batch of, where an output needs them', () => {
    const shared: TracedInput = { name: 'shared', shape: ['distinct', 4], type: 'float32' };
    const { nodes, values } = trace(
      (inputs) => {
        tf.reshape(inputs.x as tf.Tensor, [-1, 3, 1]);
        const y = tf.reshape(tf.neg(tf.reshape(inputs.x as tf.Tensor, [-1, 1])), [-1, 3]);
        return { y: tf.neg(y), z: tf.neg(tf.reshape(inputs.shared as tf.Tensor, [-1, 2, 2])) };
      },
      [X, shared],
    );
    const reshaped = nodes.filter(({ op }) => op === 'Reshape').flatMap(({ outputs }) => outputs);
    expect(values).toEqual([
      { name: reshaped[0], type: 'float32', shape: [{ batch: 3 }, 1] },
      { name: reshaped[1], type: 'float32', shape: [{ batch: 1 }, 3] },
      { name: reshaped[2], type: 'float32', shape: [{ distinct: 1 }, 2, 2] },
    ]);
  });

  it('keeps only the nodes that the outputs need', () => {
    const graph = trace(
      ({ x }) => {
        tf.exp(x as tf.Tensor);
        return { y: tf.neg(x as tf.Tensor) };
      },
      [X],
    );
    expect(graphText(graph)).toBe(
      'input x: float32[batch, 3]\nNeg x -> t1\nIdentity t1 -> y\noutput y: float32[batch, 3]',
    );
  });

  it('keeps the names of the weights', () => {
    const weights = [{ name: 'w', shape: [3], values: Float32Array.from([1, 2, 3]) }];
    const graph = trace(({ x }, { w }) => ({ y: tf.mul(x as tf.Tensor, w as tf.Tensor) }), [X], weights);
    expect(graphText(graph)).toContain('constant w: float32[3] = 1 2 3\nMul x w -> t0');
  });

  it('restores the TF.js backend that was set before', () => {
    const before = tf.getBackend();
    trace(({ x }) => ({ y: tf.neg(x as tf.Tensor) }), [X]);
    expect(tf.getBackend()).toBe(before);
  });
});

describe('trace of a function that cannot be traced', () => {
  it.each<{ what: string; traced: (x: tf.Tensor) => tf.Tensor; message: string }>([
    {
      what: 'a kernel without a rule',
      traced: (x) => tf.unique(x, 1).values,
      message: 'no ONNX rule for the TF.js kernel Unique: the shape of its result depends on values',
    },
    {
      what: 'a kernel for images',
      traced: (x) => tf.image.resizeBilinear(tf.reshape(x, [1, -1, 3, 1]) as tf.Tensor4D, [2, 2]),
      message: 'no ONNX rule for the TF.js kernel ResizeBilinear: it works on images',
    },
    {
      what: 'strings',
      traced: (x) => tf.add(x, tf.cast(tf.string.stringToHashBucketFast(['a', 'b', 'c'], 9), 'float32')),
      message: 'no ONNX type for TF.js type string',
    },
    {
      what: 'a random number',
      traced: (x) => tf.mul(x, tf.randomNormal([3])),
      message:
        'kernel Multiply has a constant that changes from run to run: a graph may not contain a random number or a time',
    },
    {
      what: 'dropout, which draws random numbers for each row',
      traced: (x) => tf.dropout(x, 0.5),
      message:
        'kernel Add has a constant that changes from run to run: a graph may not contain a random number or a time',
    },
    {
      what: 'a draw from a distribution',
      traced: (x) => tf.multinomial(tf.softmax(x) as tf.Tensor2D, 2),
      message: 'no ONNX rule for the TF.js kernel Multinomial: a graph may not draw random numbers',
    },
    {
      what: 'the gradient of a kernel that has none',
      traced: (x) => tf.grad((a: tf.Tensor) => tf.engine().runKernel('EluGrad', { dy: a, y: a }) as tf.Tensor)(x),
      message: 'the TF.js kernel EluGrad has no gradient',
    },
    {
      what: 'the gradient of batchNorm without a scale',
      traced: (x) =>
        tf.grad((a: tf.Tensor) => tf.batchNorm(a, tf.zeros([3]) as tf.Tensor1D, tf.ones([3]) as tf.Tensor1D))(
          x as tf.Tensor2D,
        ),
      message: 'kernel FusedBatchNorm has no gradient without a scale: give batchNorm one of ones',
    },
    {
      what: 'a constant index outside',
      traced: (x) => tf.gather(x, tf.tensor1d([3], 'int32'), 1),
      message: 'kernel GatherV2 has an index outside 0 to 2: 3',
    },
    {
      what: 'arithmetic of booleans alone',
      traced: (x) => tf.add(tf.greater(x, 0), tf.less(x, 1)),
      message: 'kernel Add has no rule for booleans alone; cast them to int32 or float32',
    },
    {
      what: 'a value that is read',
      traced: (x) => tf.scalar(tf.sum(x).dataSync()[0] as number),
      message: 'a value is read while tracing (after kernel Sum): the graph may not depend on values',
    },
    {
      what: 'the gradient of a mean over the batch, which divides by its size',
      traced: (x) => tf.grad((a: tf.Tensor) => tf.mean(a))(x),
      message: 'kernel RealDiv has a constant that depends on the batch size: 15 at 5 rows, 21 at 7',
    },
    {
      what: 'a constant of the batch size that is not uniform',
      traced: (x) => tf.mul(x, tf.reshape(tf.range(0, x.shape[0] as number), [-1, 1])),
      message: 'kernel Reshape has a constant that depends on the batch size: shape [5] at 5 rows, shape [7] at 7',
    },
    {
      what: 'a dimension that is no multiple of the batch',
      traced: (x) => tf.slice(x, [0, 0], [(x.shape[0] as number) - 1, 3]),
      message: 'kernel Slice has a dimension that is no multiple of the batch: 4 at 5 rows, 6 at 7',
    },
    {
      what: 'another graph at another batch size',
      traced: (x) => ((x.shape[0] as number) > 5 ? tf.neg(tf.neg(x)) : tf.neg(x)),
      message: 'the traced function makes another graph at another batch size',
    },
    {
      what: 'another operator at another batch size',
      traced: (x) => ((x.shape[0] as number) > 5 ? tf.neg(x) : tf.abs(x)),
      message: 'kernel Abs depends on the batch size: Abs becomes Neg or has other attributes',
    },
  ])('fails on $what, and traces the next function', ({ traced, message }) => {
    expect(() => trace(({ x }) => ({ y: traced(x as tf.Tensor) }), [X])).toThrow(new UntraceableError(message));
    expect(() => trace(({ x }) => ({ y: tf.neg(x as tf.Tensor) }), [X]), 'the next trace').not.toThrow();
  });
});

describe('the stack of a function that cannot be traced', () => {
  function atFault(x: tf.Tensor): tf.Tensor {
    return tf.reverse(tf.mul(x, tf.tensor1d([Math.random(), 1, 2])), 1);
  }
  function kernelAtFault(x: tf.Tensor): tf.Tensor {
    return tf.unique(x, 1).values;
  }

  it.each([atFault, kernelAtFault])('has the call at fault: %o', (traced) => {
    const fault = (() => {
      try {
        return trace(({ x }) => ({ y: traced(x as tf.Tensor) }), [X]);
      } catch (error) {
        return error;
      }
    })();
    expect((fault as Error).stack).toMatch(new RegExp(`${traced.name}.*trace\\.test\\.ts:\\d+`));
  });
});

describe('the kernels of TF.js', () => {
  it('have a rule or a reason each, and never both', () => {
    const names = Object.entries(tf).flatMap(([name, value]) => (name === value ? [name] : []));
    const decided = [...Object.values(RULES_BY_KIND).flatMap((rules) => Object.keys(rules)), ...Object.keys(REFUSED)];
    expect(new Set(decided).size).toBe(decided.length);
    expect(names.filter((name) => !decided.includes(name))).toEqual([]);
  });
});

describe('a traced gather', () => {
  it.each([-1, 4])('fails when it runs on the computed index %i, as in TF.js', async (index) => {
    const graph = trace(({ x }) => ({ y: tf.gather(tf.range(0, 4), tf.cast(x as tf.Tensor, 'int32')) }), [X]);
    const session = await Session.open(onnxBytes(graph), { threads: 1 });
    const run = session.run({ x: { data: Float32Array.of(0, 1, index), shape: [1, 3] } });
    await expect(run).rejects.toThrow('indices element out of data bounds');
    await session.release();
  });
});
