/** The embedding tables that are gathered outside of onnxruntime, in memory that all scoring threads share. */
import { readFile } from 'node:fs/promises';
import type { OnnxTensor } from '../../onnx/onnx-model.ts';
import { copyFloats } from '../../onnx/read-onnx.ts';
import type { GatheredField, GatheredMatrix, ScoringGraph } from './gathered-graph.ts';

const PAGE_BYTES = 65_536;
const LINE_BYTES = 64;
/** Rows that are gathered before they are copied out of the shared memory. */
const BLOCK_ROWS = 128;

/** Tables in shared memory, and a place for each thread to gather rows at. It can be sent to another thread. */
export interface SharedTables {
  readonly memory: WebAssembly.Memory;
  /** Offsets in bytes, by the names of the tensors. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Offset of the first thread's place, and bytes of a place. */
  readonly placesAt: number;
  readonly placeBytes: number;
}

/** Writes row ids of a field, from a position on, to a view. */
export type CopyIds = (field: GatheredField, from: number, into: Int32Array) => void;

/** The function that `../assembly/gather-rows.ts` exports. Pointers are byte offsets into the memory. */
interface Kernels {
  gatherRows(
    table: number,
    tableRows: number,
    dimension: number,
    ids: number,
    n: number,
    out: number,
    outStride: number,
  ): number;
}

/** Copies the tables that graphs gather from; those in files are in the folder of the model. */
export function shareTables(graphs: readonly ScoringGraph[], folder: string, threads: number): SharedTables {
  const matrices = graphs.flatMap((graph) => graph.matrices);
  const tables = new Map(matrices.flatMap(({ fields }) => fields.map(({ table }) => [table.name, table])));
  const offsets = new Map<string, number>();
  let placesAt = 0;
  for (const [name, table] of tables) {
    offsets.set(name, placesAt);
    placesAt += bytesOf(sizeOf(table));
  }
  const placeBytes = bytesOf(BLOCK_ROWS * (1 + Math.max(0, ...matrices.map(({ width }) => width))));
  const pages = Math.ceil((placesAt + threads * placeBytes) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  for (const [name, table] of tables)
    copyFloats(table, folder, new Uint8Array(memory.buffer, offsets.get(name), 4 * sizeOf(table)));
  return { memory, offsets, placesAt, placeBytes };
}

/** The tables as one thread reads them. */
export class EmbeddingTables {
  readonly #tables: SharedTables;
  readonly #kernels: Kernels;
  readonly #ids: Int32Array;
  readonly #rowsAt: number;

  private constructor(tables: SharedTables, thread: number, kernels: Kernels) {
    const at = tables.placesAt + thread * tables.placeBytes;
    this.#tables = tables;
    this.#kernels = kernels;
    this.#ids = new Int32Array(tables.memory.buffer, at, BLOCK_ROWS);
    this.#rowsAt = at + this.#ids.byteLength;
  }

  /** @param thread its position among the threads that share the tables. */
  static async attach(tables: SharedTables, thread: number): Promise<EmbeddingTables> {
    const compiled = await WebAssembly.compile(await readFile(new URL('./gather-rows.wasm', import.meta.url)));
    const { exports } = await WebAssembly.instantiate(compiled, { env: { memory: tables.memory } });
    return new EmbeddingTables(tables, thread, exports as unknown as Kernels);
  }

  /**
   * Writes so many rows of a matrix, of which `copyIds` gives the row ids of each field.
   * @throws {RangeError} if a table has no such row.
   */
  gather({ fields, width }: GatheredMatrix, rows: number, copyIds: CopyIds, into: Float32Array): void {
    for (let from = 0; from < rows; from += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - from);
      const ids = this.#ids.subarray(0, count);
      let column = 0;
      for (const field of fields) {
        copyIds(field, from, ids);
        this.#gatherField(field, ids, column, width);
        column += field.table.dims[1] as number;
      }
      into.set(new Float32Array(this.#tables.memory.buffer, this.#rowsAt, count * width), from * width);
    }
  }

  #gatherField({ input, table }: GatheredField, ids: Int32Array, column: number, width: number): void {
    const [rows, dimension] = table.dims as [number, number];
    const [at, out] = [this.#tables.offsets.get(table.name) as number, this.#rowsAt + 4 * column];
    const wrong = this.#kernels.gatherRows(at, rows, dimension, ids.byteOffset, ids.length, out, width);
    if (wrong >= 0)
      throw new RangeError(`row ids of ${input.name} are below ${rows}, the rows of ${table.name}, got ${ids[wrong]}`);
  }
}

function sizeOf({ dims }: OnnxTensor): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of so many words, up to the next line of the processor's caches. */
function bytesOf(words: number): number {
  return Math.ceil((4 * words) / LINE_BYTES) * LINE_BYTES;
}
