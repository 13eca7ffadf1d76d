/**
 * Products in Einstein's notation, as transposes, sums and one product of matrices. onnxruntime's own Einsum ends the
 * process where a tensor has no elements.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../recorder.ts';
import { matrixProduct } from './products.ts';
import { summed } from './reductions.ts';
import { type Rules, reshaped } from './rule.ts';
import { transposed } from './shapes.ts';

export const EINSUM: Rules = {
  Einsum: (r, inputs, { equation }) => einsum(r, Object.values(inputs) as tf.TensorInfo[], equation as string),
};

/** A tensor, and the letter of each of its axes. */
interface Term {
  readonly letters: string;
  readonly tensor: tf.TensorInfo;
}

/** Appends the product of one or two tensors, such as `bij,bjk->bik`. */
function einsum(r: Recorder, tensors: readonly tf.TensorInfo[], equation: string): tf.TensorInfo {
  const notation = equation.replaceAll(/\s/g, '');
  const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(notation, tensors.length);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as tf.Tensor[]);
  const [inputs, output] = notation.split('->') as [string, string];
  const terms = inputs.split(',').map((letters, i): Term => ({ letters, tensor: tensors[i] as tf.TensorInfo }));
  const [first, second] = terms as [Term, Term?];
  if (second === undefined) return ordered(r, summedTo(r, first, output), output);
  return ordered(
    r,
    product(r, summedTo(r, first, output + second.letters), summedTo(r, second, output + first.letters), output),
    output,
  );
}

/** The product of two terms, whose axes are those of both in the output, of the first alone, and of the second alone. */
function product(r: Recorder, a: Term, b: Term, output: string): Term {
  const both = [...a.letters].filter((letter) => b.letters.includes(letter));
  const [batch, contracted] = [true, false].map((isIn) => both.filter((letter) => output.includes(letter) === isIn));
  const [ofA, ofB] = [a, b].map(({ letters }) => [...letters].filter((letter) => !both.includes(letter)));
  const sizes = (letters: readonly string[] = []) => letters.map((letter) => sizeOf(letter, [a, b]));
  const size = (letters: readonly string[] = []) => tf.util.sizeFromShape(sizes(letters));
  const matrix = (term: Term, groups: readonly (readonly string[] | undefined)[]) => {
    const letters = groups.flatMap((group) => group ?? []);
    const shape = [...sizes(batch), ...groups.map(size)];
    return inShape(r, ordered(r, term, [...(batch ?? []), ...letters].join('')), shape);
  };
  const matrices = matrixProduct(r, matrix(a, [ofA, contracted]), matrix(b, [contracted, ofB]), false, false);
  const letters = [...(batch ?? []), ...(ofA ?? []), ...(ofB ?? [])];
  return { letters: letters.join(''), tensor: inShape(r, matrices, sizes(letters)) };
}

/** Sums a term over the axes whose letters are not among those that are kept. */
function summedTo(r: Recorder, { letters, tensor }: Term, kept: string): Term {
  const axes = [...letters].flatMap((letter, i) => (kept.includes(letter) ? [] : [i]));
  return {
    letters: [...letters].filter((letter) => kept.includes(letter)).join(''),
    tensor: summed(r, tensor, axes),
  };
}

function ordered(r: Recorder, { letters, tensor }: Term, order: string): tf.TensorInfo {
  return letters === order
    ? tensor
    : transposed(
        r,
        tensor,
        [...order].map((letter) => letters.indexOf(letter)),
      );
}

function inShape(r: Recorder, x: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
  return tf.util.arraysEqual(x.shape, [...shape]) ? x : reshaped(r, x, shape);
}

function sizeOf(letter: string, terms: readonly Term[]): number {
  const term = terms.find(({ letters }) => letters.includes(letter)) as Term;
  return term.tensor.shape[term.letters.indexOf(letter)] as number;
}
