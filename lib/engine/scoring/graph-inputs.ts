/** The inputs of a scoring graph for rows of a chunk: those of the model, and the matrices that are gathered here. */
import type { EncodedChunk } from '../../table/encoded.ts';
import type { NamedTensor } from '../ort/session.ts';
import { columnOf, copyRows, InputTensors } from './column-inputs.ts';
import type { CopyIds, EmbeddingTables } from './embedding-tables.ts';
import type { ScoringGraph } from './gathered-graph.ts';

/** Makes the tensors that a graph is given, in arrays that it uses again. */
export class GraphInputs {
  readonly #graph: ScoringGraph;
  readonly #own: InputTensors;
  /** `null` where the graph is given no matrices. */
  readonly #tables: EmbeddingTables | null;
  readonly #values: readonly Float32Array[];

  /** @param rows the most rows of a call. */
  constructor(graph: ScoringGraph, rows: number, tables: EmbeddingTables | null) {
    this.#graph = graph;
    this.#own = new InputTensors(graph.inputs, rows);
    this.#tables = tables;
    this.#values = graph.matrices.map(({ width }) => new Float32Array(rows * width));
  }

  /** Returns the tensors of consecutive rows of a chunk, by name. They are valid until the next call. */
  of(chunk: EncodedChunk, first: number, rows: number): Record<string, NamedTensor> {
    const tensors = this.#own.of(chunk, first, rows);
    return this.#gather(tensors, rows, ({ input }, from, into) => {
      const at = first + from;
      into.set(columnOf(chunk, input).subarray(at, at + into.length));
    });
  }

  /** Returns the tensors of some rows of a chunk, by name. They are valid until the next call. */
  pick(chunk: EncodedChunk, rows: Int32Array): Record<string, NamedTensor> {
    const tensors = this.#own.pick(chunk, rows);
    return this.#gather(tensors, rows.length, ({ input }, from, into) =>
      copyRows(columnOf(chunk, input), rows.subarray(from, from + into.length), into, 1, 1),
    );
  }

  #gather(tensors: Record<string, NamedTensor>, rows: number, copyIds: CopyIds): Record<string, NamedTensor> {
    for (const [index, matrix] of this.#graph.matrices.entries()) {
      const data = (this.#values[index] as Float32Array).subarray(0, rows * matrix.width);
      this.#tables?.gather(matrix, rows, copyIds, data);
      tensors[matrix.name] = { data, shape: [rows, matrix.width] };
    }
    return tensors;
  }
}
