/** So many numbers in a row, which the towers read directly. */
import type { VectorInput } from '../../table/encoded.ts';
import type { NumericKind } from './input-kind.ts';

/** Vectors, which stay untransformed until the graph standardises each place; all NaN where missing. */
export const vector: NumericKind<VectorInput> = {
  graphInputs: ({ name, length }) => [{ name, shape: ['batch', length], type: 'float32' }],
  writeRows({ name, length }, { numbers }, rows, into, at) {
    const [source, target] = [numbers[name] as Float32Array, into.numbers[name] as Float32Array];
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * length;
      for (let k = 0; k < length; k++) target[(at + i) * length + k] = source[from + k] as number;
    }
  },
  transforms: ({ clip, log1p, means, deviations }) =>
    means.map((mean, place) => ({ clip, log1p, mean, deviation: deviations[place] as number })),
};
