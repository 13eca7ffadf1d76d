/**
 * Encoded rows on the scratch disk, so that a log larger than memory is read and encoded once and then trained on for
 * as many epochs as it takes.
 *
 * A cache is one file of blocks of rows; in a block the columns stand one after the other, each element in four bytes
 * (ids as int32, all else as float32).
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Batch } from '../engine/engine.ts';
import { inputColumns, inputKind } from '../model/kinds/index.ts';
import { permutation, randomStream } from '../numbers/random.ts';
import { type InputSpec, type LogChunk, UNKNOWN_LABEL } from '../table/encoded.ts';

const BLOCK_ROWS = 8192;
/** Rows that are in memory at once, and shuffled among each other: half a million. */
const WINDOW_BLOCKS = 64;

interface Column {
  readonly group: 'ids' | 'coefficients' | 'numbers' | 'labels' | 'weights';
  readonly name: string;
  /** Elements of a row. */
  readonly length: number;
}

export interface BatchOrder {
  readonly seed: number;
  readonly epoch: number;
  /** Batches to leave out at the beginning. @default 0 */
  readonly skip?: number;
}

/** The cached rows of one part of the log. */
export interface RowCache {
  readonly rows: number;
  /** Mean row weight: 1 in a full log. */
  readonly meanWeight: number;
  /** Batches of every row once; in an order given by seed and epoch, or in the log's own without them. */
  batches(batchSize: number, order?: BatchOrder): AsyncGenerator<Batch>;
  /** The number of batches of every row once, none left out. */
  batchCount(batchSize: number, order?: BatchOrder): number;
  close(): Promise<void>;
}

/** Writes rows of encoded chunks to a cache file. */
export class RowCacheWriter {
  readonly #inputs: readonly InputSpec[];
  readonly #columns: readonly Column[];
  readonly #file: FileHandle;
  #block: Columns;
  #filled = 0;
  #rows = 0;
  #weight = 0;

  private constructor(file: FileHandle, inputs: readonly InputSpec[], stages: readonly string[]) {
    this.#file = file;
    this.#inputs = inputs;
    this.#columns = columnsOf(inputs, stages);
    this.#block = emptyColumns(this.#columns, BLOCK_ROWS);
  }

  static async create(path: string, inputs: readonly InputSpec[], stages: readonly string[]): Promise<RowCacheWriter> {
    return new RowCacheWriter(await open(path, 'w+'), inputs, stages);
  }

  /** Adds the rows of a chunk that belong to a part. */
  async append(chunk: LogChunk, part: number): Promise<void> {
    for (let row = 0; row < chunk.rows; row++) {
      if (chunk.part[row] !== part) continue;
      this.#put(chunk, row);
      if (++this.#filled === BLOCK_ROWS) await this.#flush();
    }
  }

  /** Gives the file up: it is not closed by itself. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }

  async finish(): Promise<RowCache> {
    if (this.#filled > 0) await this.#flush();
    return new CacheFile(this.#file, this.#columns, this.#rows, this.#rows === 0 ? 1 : this.#weight / this.#rows);
  }

  #put(chunk: LogChunk, row: number): void {
    const { labels, weights } = this.#block;
    const at = this.#filled;
    for (const input of this.#inputs) inputKind(input).writeRow(input, chunk, row, this.#block, at);
    const weight = chunk.weight[row] as number;
    this.#weight += weight;
    for (const [stage, values] of Object.entries(chunk.labels)) {
      const label = values[row] as number;
      (labels[stage] as Float32Array)[at] = label === 1 ? 1 : 0;
      (weights[stage] as Float32Array)[at] = label === UNKNOWN_LABEL ? 0 : weight;
    }
  }

  async #flush(): Promise<void> {
    const rows = this.#filled;
    for (const column of this.#columns) {
      const values = this.#block[column.group][column.name] as Float32Array | Int32Array;
      // `write` may write less than all.
      await this.#file.writeFile(new Uint8Array(values.buffer, 0, rows * column.length * 4));
    }
    this.#rows += rows;
    this.#filled = 0;
  }
}

type Columns = Omit<Batch, 'rows'>;

class CacheFile implements RowCache {
  readonly rows: number;
  readonly meanWeight: number;
  readonly #file: FileHandle;
  readonly #columns: readonly Column[];
  readonly #rowBytes: number;

  constructor(file: FileHandle, columns: readonly Column[], rows: number, meanWeight: number) {
    this.#file = file;
    this.#columns = columns;
    this.#rowBytes = columns.reduce((sum, { length }) => sum + 4 * length, 0);
    this.rows = rows;
    this.meanWeight = meanWeight;
  }

  async *batches(batchSize: number, order?: BatchOrder): AsyncGenerator<Batch> {
    let skip = order?.skip ?? 0;
    for (const { first, blocks, rows } of this.#windows(order)) {
      const batches = Math.ceil(rows / batchSize);
      const skipped = Math.min(skip, batches);
      skip -= skipped;
      if (skipped === batches) continue;
      const window = await this.#readWindow(blocks, rows);
      const rowOrder = order && permutation(rows, randomStream(order.seed, `rows/${order.epoch}/${first}`));
      for (let start = skipped * batchSize; start < rows; start += batchSize) {
        yield this.#batch(window, start, Math.min(batchSize, rows - start), rowOrder);
      }
    }
  }

  batchCount(batchSize: number, order?: BatchOrder): number {
    return this.#windows(order).reduce((sum, { rows }) => sum + Math.ceil(rows / batchSize), 0);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The blocks in the order in which they are read, as many at a time as are in memory at once. */
  #windows(order: BatchOrder | undefined): { first: number; blocks: number[]; rows: number }[] {
    const blocks = Math.ceil(this.rows / BLOCK_ROWS);
    const blockOrder = order
      ? permutation(blocks, randomStream(order.seed, `blocks/${order.epoch}`))
      : Uint32Array.from({ length: blocks }, (_, i) => i);
    return Array.from({ length: Math.ceil(blocks / WINDOW_BLOCKS) }, (_, i) => {
      const first = i * WINDOW_BLOCKS;
      const chosen = [...blockOrder.subarray(first, first + WINDOW_BLOCKS)];
      return { first, blocks: chosen, rows: chosen.reduce((sum, block) => sum + this.#blockRows(block), 0) };
    });
  }

  #blockRows(block: number): number {
    return Math.min(BLOCK_ROWS, this.rows - block * BLOCK_ROWS);
  }

  async #readWindow(blocks: readonly number[], rows: number): Promise<Columns> {
    const window = emptyColumns(this.#columns, rows);
    let at = 0;
    for (const block of blocks) {
      const count = this.#blockRows(block);
      let position = block * BLOCK_ROWS * this.#rowBytes;
      for (const { group, name, length } of this.#columns) {
        const values = window[group][name] as Float32Array | Int32Array;
        const bytes = new Uint8Array(values.buffer, at * length * 4, count * length * 4);
        const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, position);
        if (bytesRead !== bytes.length)
          throw new Error(
            `the cache of encoded rows is cut short: got ${bytesRead} of ${bytes.length} bytes of ${name}`,
          );
        position += bytes.length;
      }
      at += count;
    }
    return window;
  }

  #batch(window: Columns, start: number, rows: number, order: Uint32Array | undefined): Batch {
    const batch = emptyColumns(this.#columns, rows);
    for (const { group, name, length } of this.#columns) {
      const from = window[group][name] as Float32Array | Int32Array;
      const to = batch[group][name] as Float32Array | Int32Array;
      for (let i = 0; i < rows; i++) {
        const row = order === undefined ? start + i : (order[start + i] as number);
        for (let k = 0; k < length; k++) to[i * length + k] = from[row * length + k] as number;
      }
    }
    const scale = 1 / (rows * this.meanWeight);
    for (const weights of Object.values(batch.weights)) {
      for (let i = 0; i < rows; i++) weights[i] = (weights[i] as number) * scale;
    }
    return { rows, ...batch };
  }
}

function columnsOf(inputs: readonly InputSpec[], stages: readonly string[]): Column[] {
  return [
    ...inputs.flatMap(inputColumns),
    ...stages.flatMap((name) => (['labels', 'weights'] as const).map((group): Column => ({ group, name, length: 1 }))),
  ];
}

function emptyColumns(columns: readonly Column[], rows: number): Columns {
  const floats = (group: Column['group']) =>
    Object.fromEntries(lengthsOf(columns, group).map(([name, length]) => [name, new Float32Array(rows * length)]));
  const ids = lengthsOf(columns, 'ids').map(([name, length]) => [name, new Int32Array(rows * length)] as const);
  return {
    ids: Object.fromEntries(ids),
    coefficients: floats('coefficients'),
    numbers: floats('numbers'),
    labels: floats('labels'),
    weights: floats('weights'),
  };
}

function lengthsOf(columns: readonly Column[], group: Column['group']): (readonly [name: string, length: number])[] {
  return columns.filter((column) => column.group === group).map(({ name, length }) => [name, length] as const);
}
