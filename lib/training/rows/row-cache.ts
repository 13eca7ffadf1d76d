/**
 * Rows to train on, on the scratch disk, so that a log larger than memory is read and encoded once and then trained on
 * for as many epochs as it takes.
 */
import type { Batch } from '../../engine/engine.ts';
import { inputColumns, inputKind } from '../../model/kinds/index.ts';
import { delayTarget } from '../../model/losses/delays.ts';
import { type InputSpec, type LogChunk, UNKNOWN_LABEL } from '../../table/encoded.ts';
import { ColumnFile, type FileColumns, type FileLayout, type StoredFile } from './column-file.ts';
import { ColumnFileWriter } from './column-file-writer.ts';
import { type BatchOrder, batchCount, mostWindowRows, rowWindows, windowOrder } from './row-windows.ts';
import { type RowSelection, selectRows } from './select-rows.ts';
import { type CacheGroup, Window, type WindowRows } from './window.ts';

/** The cached rows of one part of the log. */
export interface RowCache {
  readonly rows: number;
  /** Mean row weight: 1 in a full log. */
  readonly meanWeight: number;
  /** Batches of every row once; in an order given by seed and epoch, or in the log's own without them. */
  batches(batchSize: number, order?: BatchOrder): AsyncGenerator<Batch>;
  /** The number of batches of every row once, none left out. */
  batchCount(batchSize: number, order?: BatchOrder): number;
  /**
   * Bytes of the rows that are in memory at once while batches are read.
   * @param rows of a cache of the same columns. @default those of this one
   */
  windowBytes(batchSize: number, rows?: number): number;
  /** Copies the rows that train a network to a cache of their own. */
  select(selection: RowSelection): Promise<SelectedCache>;
  /** Where the rows are, for another thread to open. */
  stored(): StoredRowCache;
}

/** A cache on the scratch disk, as plain data. */
export interface StoredRowCache extends StoredFile<CacheGroup> {
  readonly meanWeight: number;
  /** The inputs of the user. */
  readonly users: ReadonlySet<string>;
}

/** Opens a cache that another thread has written. */
export function openRowCache({ path, layout, rows, ...facts }: StoredRowCache): RowCache {
  return new CacheFile(new ColumnFile(path, layout, rows), facts);
}

/** Rows that were selected, and the mean of their labels. */
export interface SelectedCache {
  readonly rows: RowCache;
  /** Weighted mean of each label, over the rows whose label is known; none without any. */
  readonly rates: Readonly<Record<string, number>>;
}

/** What a cache holds of each row. */
export interface RowCacheSpec {
  readonly inputs: readonly InputSpec[];
  /** The labelled stages. */
  readonly stages: readonly string[];
  /** The stages whose delays are known. */
  readonly delayed: readonly string[];
  /** Whether the rows have groups. */
  readonly hasGroups: boolean;
}

/** Writes rows of encoded chunks to a cache file. */
export class RowCacheWriter {
  readonly #inputs: readonly InputSpec[];
  readonly #file: ColumnFileWriter<CacheGroup>;
  #rows = 0;
  #weight = 0;

  private constructor(file: ColumnFileWriter<CacheGroup>, inputs: readonly InputSpec[]) {
    this.#file = file;
    this.#inputs = inputs;
  }

  static async create(path: string, spec: RowCacheSpec): Promise<RowCacheWriter> {
    return new RowCacheWriter(await ColumnFileWriter.create(path, layoutOf(spec)), spec.inputs);
  }

  /** Adds the rows of a chunk at these indices. */
  async append(chunk: LogChunk, rows: Uint32Array): Promise<void> {
    await this.#file.append(rows, (some, into, at) => fillRows(this.#inputs, chunk, some, into, at));
    this.#rows += rows.length;
    for (const row of rows) this.#weight += chunk.weight[row] as number;
  }

  /** Closes the file of a cache that will not be used. */
  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async finish(): Promise<RowCache> {
    const meanWeight = this.#rows === 0 ? 1 : this.#weight / this.#rows;
    const users = this.#inputs.filter(({ entity }) => entity === 'user').map(({ name }) => name);
    return new CacheFile(await this.#file.finish(), { meanWeight, users: new Set(users) });
  }
}

/** Copies the given rows of a chunk, in that order, to the rows of a cache's columns from row `at` on. */
export function fillRows(
  inputs: readonly InputSpec[],
  chunk: LogChunk,
  rows: Uint32Array,
  into: FileColumns<CacheGroup>,
  at: number,
): void {
  for (const input of inputs) inputKind(input).writeRows(input, chunk, rows, into, at);
  for (const [stage, labels] of Object.entries(chunk.labels)) {
    const [label, weight] = [into.labels[stage] as Float32Array, into.weights[stage] as Float32Array];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      label[at + i] = labels[row] === 1 ? 1 : 0;
      weight[at + i] = labels[row] === UNKNOWN_LABEL ? 0 : (chunk.weight[row] as number);
    }
  }
  for (const [stage, delays] of Object.entries(chunk.delays)) {
    const target = delayTarget(stage);
    const [value, weight] = [into.labels[target] as Float32Array, into.weights[target] as Float32Array];
    for (let i = 0; i < rows.length; i++) {
      value[at + i] = delays[rows[i] as number] as number;
      weight[at + i] = chunk.weight[rows[i] as number] as number;
    }
  }
  if (into.groups[GROUP] !== undefined && chunk.group !== null)
    // The low 32 bits of the hash: two groups that share them stand together.
    for (let i = 0; i < rows.length; i++) into.groups[GROUP][at + i] = chunk.group[rows[i] as number] as number;
}

class CacheFile implements RowCache {
  readonly #file: ColumnFile<CacheGroup>;
  readonly #rows: WindowRows;

  constructor(file: ColumnFile<CacheGroup>, rows: WindowRows) {
    this.#file = file;
    this.#rows = rows;
  }

  get meanWeight(): number {
    return this.#rows.meanWeight;
  }

  get rows(): number {
    return this.#file.rows;
  }

  async *batches(batchSize: number, order?: BatchOrder): AsyncGenerator<Batch> {
    let skip = order?.skip ?? 0;
    const windows = rowWindows(this.#file, batchSize, order).flatMap((window) => {
      const batches = Math.ceil(window.rows / batchSize);
      const skipped = Math.min(skip, batches);
      skip -= skipped;
      return skipped === batches ? [] : [{ ...window, start: skipped * batchSize }];
    });
    let read = 0;
    for await (const columns of this.#file.read(windows.map(({ blocks }) => blocks))) {
      const { rows, start, ...place } = windows[read++] as (typeof windows)[number];
      const rowOrder = order && windowOrder({ ...place, rows }, columns.groups[GROUP], order, batchSize);
      const { groups, ...layout } = this.#file.layout;
      // Neighbours with the same inputs of a user are no chance only where groups stand together.
      const isByGroup = order?.shuffle === 'groups' && GROUP in groups;
      const window = new Window(layout, columns, this.#rows);
      for (let at = start; at < rows; at += batchSize) {
        const end = Math.min(at + batchSize, rows);
        const positions = rowOrder?.subarray(at, end) ?? Uint32Array.from({ length: end - at }, (_, i) => at + i);
        yield window.batch(positions, isByGroup);
      }
    }
  }

  batchCount(batchSize: number, order?: BatchOrder): number {
    return batchCount(this.#file, batchSize, order);
  }

  windowBytes(batchSize: number, rows = this.rows): number {
    return Math.min(rows, mostWindowRows(this.#file, batchSize)) * this.#file.rowBytes;
  }

  async select(selection: RowSelection): Promise<SelectedCache> {
    const { file, meanWeight, rates } = await selectRows(this.#file, selection);
    return { rows: new CacheFile(file, { ...this.#rows, meanWeight }), rates };
  }

  stored(): StoredRowCache {
    return { ...this.#file.stored(), ...this.#rows };
  }
}

/** Name of the only column of groups. */
export const GROUP = 'group';

/** The columns of cached rows. */
export function layoutOf({ inputs, stages, delayed, hasGroups }: RowCacheSpec): FileLayout<CacheGroup> {
  const columns = inputs.flatMap(inputColumns);
  const lengths = (group: CacheGroup) =>
    Object.fromEntries(columns.filter((column) => column.group === group).map(({ name, length }) => [name, length]));
  const targets = Object.fromEntries([...stages, ...delayed.map(delayTarget)].map((name) => [name, 1]));
  return {
    ids: lengths('ids'),
    coefficients: lengths('coefficients'),
    numbers: lengths('numbers'),
    labels: targets,
    weights: targets,
    groups: hasGroups ? { [GROUP]: 1 } : {},
  };
}
