/** The inputs of a published graph, and the columns of encoded rows that they are made of. */
import type { Entity } from '../../config/declaration.ts';
import type { EncodedChunk, InputSpec } from '../../table/encoded.ts';
import type { NamedTensor } from '../ort/session.ts';

/** An input of the graph that has `length` elements of each row: int64 for ids, else float32. */
export interface ColumnInput {
  /** Name in the graph. */
  readonly name: string;
  readonly entity: Entity;
  readonly field: 'ids' | 'weights' | 'numbers';
  /** Name of the column in its field. */
  readonly column: string;
  readonly length: number;
  /** Whether its shape is [rows, length], even for a length of 1; else it is [rows]. */
  readonly isMatrix: boolean;
}

/** Returns the inputs of the graph of a model with these inputs. */
export function columnInputs(specs: readonly InputSpec[]): ColumnInput[] {
  return specs.flatMap(inputsOf);
}

function inputsOf(spec: InputSpec): ColumnInput[] {
  const { name, entity } = spec;
  const single = { name, entity, column: name, length: 1, isMatrix: false } as const;
  switch (spec.kind) {
    case 'id':
      return [{ ...single, field: 'ids' }];
    case 'bag':
    case 'sequence': {
      const list = { ...single, length: spec.length, isMatrix: true };
      return [
        { ...list, field: 'ids' },
        { ...list, name: `${name}_weights`, field: 'weights' },
      ];
    }
    case 'number':
    case 'quantile':
      return [{ ...single, field: 'numbers' }];
    case 'vector':
      return [{ ...single, field: 'numbers', length: spec.length, isMatrix: true }];
  }
}

/** Returns the elements of an input's column. */
export function columnOf(chunk: EncodedChunk, { field, column }: ColumnInput): Int32Array | Float32Array {
  const values = chunk[field][column];
  if (values === undefined) throw new RangeError(`encoded rows have no ${field} of ${column}`);
  return values;
}

/** Makes the tensors of inputs from rows of chunks, in arrays that it uses again. */
export class InputTensors {
  readonly #inputs: readonly ColumnInput[];
  readonly #arrays: readonly (Int32Array | Float32Array)[];

  /** @param rows the most rows of a call. */
  constructor(inputs: readonly ColumnInput[], rows: number) {
    this.#inputs = inputs;
    // An int64 is two words, of which the upper one of an id is always 0.
    this.#arrays = inputs.map(({ field, length }) =>
      field === 'ids' ? new Int32Array(2 * rows * length) : new Float32Array(rows * length),
    );
  }

  /** Returns the tensors of consecutive rows of a chunk, by input. They are valid until the next call. */
  of(chunk: EncodedChunk, from: number, rows: number): Record<string, NamedTensor> {
    return this.#tensors(rows, (input, into) => {
      const { length, field } = input;
      const source = columnOf(chunk, input).subarray(from * length, (from + rows) * length);
      if (field !== 'ids') into.set(source);
      else for (let i = 0; i < source.length; i++) into[2 * i] = source[i] as number;
    });
  }

  /** Returns the tensors of some rows of a chunk, by input. They are valid until the next call. */
  pick(chunk: EncodedChunk, rows: Int32Array): Record<string, NamedTensor> {
    return this.#tensors(rows.length, (input, into) =>
      copyRows(columnOf(chunk, input), rows, into, input.length, input.field === 'ids' ? 2 : 1),
    );
  }

  #tensors(
    rows: number,
    fill: (input: ColumnInput, into: Int32Array | Float32Array) => void,
  ): Record<string, NamedTensor> {
    const tensors: Record<string, NamedTensor> = {};
    for (const [index, input] of this.#inputs.entries()) {
      const into = this.#arrays[index] as Int32Array | Float32Array;
      fill(input, into);
      const count = rows * input.length;
      const data = into instanceof Int32Array ? new BigInt64Array(into.buffer, 0, count) : into.subarray(0, count);
      tensors[input.name] = { data, shape: input.isMatrix ? [rows, input.length] : [rows] };
    }
    return tensors;
  }
}

/** Copies `length` elements of each row to every `stride`th place. */
export function copyRows(
  source: Int32Array | Float32Array,
  rows: Int32Array,
  into: Int32Array | Float32Array,
  length: number,
  stride: number,
): void {
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * length;
    for (let k = 0; k < length; k++) {
      into[to] = source[from + k] as number;
      to += stride;
    }
  }
}
