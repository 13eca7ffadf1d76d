/** One part of the first layers: computed once for each distinct row of an entity, or for every row. */
import type { EncodedChunk } from '../../../table/encoded.ts';
import type { NamedTensor } from '../../ort/session.ts';
import { columnOf } from '../column-inputs.ts';
import { GraphInputs } from '../graph-inputs.ts';
import { LazySession } from '../lazy-session.ts';
import type { ScorerSite } from '../plain-scorer.ts';
import { EntityRows } from './entity-rows.ts';
import type { PartMemory } from './part-memory.ts';
import { Repetition } from './repetition.ts';
import { type ModelPart, PART } from './split-model.ts';

const BLOCK_BITS = 10;
/** Rows of a run of a part's graph, and of a block of kept rows. */
export const RUN_ROWS = 2 ** BLOCK_BITS;
/**
 * The rows of a run are a multiple of this, so that each element of a run is computed by vector instructions: those for
 * the elements that are left over may round otherwise, and a row's score would depend on its neighbours.
 */
const ROWS_MULTIPLE = 16;

/** Blocks of `RUN_ROWS` rows of parts, which are used again once they are given back. */
export class PartBlocks {
  readonly #memory: PartMemory;
  readonly #width: number;
  readonly #mostKept: number;
  readonly #free: number[] = [];
  #allocated = 0;

  /**
   * @param width floats of a row.
   * @param keptBytes of the blocks that may be kept.
   */
  constructor(memory: PartMemory, width: number, keptBytes: number) {
    this.#memory = memory;
    this.#width = width;
    this.#mostKept = Math.floor(keptBytes / (4 * width * RUN_ROWS));
  }

  /** Whether more blocks are in use than may be kept. */
  get isFull(): boolean {
    return this.#allocated - this.#free.length > this.#mostKept;
  }

  /** The most blocks that are in use while entities are added to one part, `rows` at once. */
  mostInUse(rows: number): number {
    return this.#mostKept + 2 + Math.ceil(rows / RUN_ROWS);
  }

  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#allocated += 1;
    return this.#memory.allocate((RUN_ROWS + ROWS_MULTIPLE) * this.#width);
  }

  giveBack(blocks: readonly number[]): void {
    this.#free.push(...blocks);
  }
}

/** What the parts of a scorer share. */
interface PartSite extends ScorerSite {
  readonly memory: PartMemory;
  readonly blocks: PartBlocks;
  /** Floats of a row of a part. */
  readonly width: number;
  /** The most rows of a piece. */
  readonly pieceRows: number;
}

/** Computes one part for the rows of chunks. */
export class PartRows {
  readonly #part: ModelPart;
  readonly #session: LazySession;
  readonly #memory: PartMemory;
  readonly #width: number;
  readonly #inputs: GraphInputs;
  readonly #blocks: PartBlocks;
  readonly #entities: EntityRows;
  /** Whether rows of a piece are often of the same entity, in the piece or before it; and of one before it. */
  readonly #repetition = new Repetition();
  readonly #return = new Repetition();
  /** Of a sample of rows, which are looked at by themselves. */
  readonly #sample: EntityRows;
  /** Blocks of the entities' parts, in the order of their numbers; their addresses are in the memory, too. */
  #kept: number[] = [];
  readonly #keptAt: number;
  /** Number of entities before the last piece. */
  #before = 0;
  /** The block of the parts of rows that are not kept. */
  readonly #passing: number;

  constructor(part: ModelPart, { memory, blocks, width, pieceRows, tables, folder }: PartSite) {
    this.#part = part;
    this.#session = new LazySession(part.bytes, folder);
    this.#memory = memory;
    this.#width = width;
    this.#inputs = new GraphInputs(part, RUN_ROWS + ROWS_MULTIPLE, tables);
    this.#blocks = blocks;
    const words = part.columns.reduce((sum, { length }) => sum + length, 0);
    this.#entities = new EntityRows(memory, words, pieceRows);
    this.#sample = new EntityRows(memory, words, pieceRows);
    this.#passing = blocks.take();
    this.#keptAt = memory.allocate(blocks.mostInUse(pieceRows));
  }

  /** Opens the part's graph. @throws {Error} where onnxruntime does not run it. */
  async open(): Promise<void> {
    await this.#session.open();
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  /** Counts the entities in rows of a chunk. */
  countDistinct(chunk: EncodedChunk, from: number, rows: number): number {
    this.#sample.truncate(0);
    this.#fillColumns(this.#sample, chunk, from, rows);
    return this.#sample.add(rows).length;
  }

  /**
   * Computes the part of the entities in a piece of a chunk that are not known yet. Returns whether it did so: not if
   * hardly any row of the last ones was of an entity that was there before.
   */
  async keep(chunk: EncodedChunk, from: number, rows: number): Promise<boolean> {
    if (!this.#repetition.isWorthwhile()) return false;
    const before = this.#entities.count;
    this.#fillColumns(this.#entities, chunk, from, rows);
    const added = this.#entities.add(rows);
    this.#repetition.saw(rows, rows - added.length);
    if (before > 0) this.#return.saw(rows, this.#entities.countBelow(before, rows));
    for (let done = 0; done < added.length; ) {
      const slot = (before + done) % RUN_ROWS;
      if (slot === 0) this.#keep(this.#blocks.take());
      const count = Math.min(RUN_ROWS - slot, added.length - done);
      const positions = added.subarray(done, done + count).map((row) => from + row);
      const offset = (this.#kept.at(-1) as number) + slot * this.#width * 4;
      await this.#run(this.#picked(chunk, positions), count, offset);
      done += count;
    }
    this.#before = before;
    return true;
  }

  #keep(block: number): void {
    this.#memory.words(this.#keptAt + 4 * this.#kept.length, 1)[0] = block;
    this.#kept.push(block);
  }

  /**
   * Ends a piece: forgets its new entities if there is no room for them, and all entities if hardly any of them returned
   * in the last pieces.
   */
  endPiece(): void {
    if (!this.#return.isWorthwhile()) this.#truncate(0);
    else if (this.#blocks.isFull) this.#truncate(this.#before);
  }

  #truncate(count: number): void {
    if (this.#entities.count === count) return;
    this.#entities.truncate(count);
    this.#blocks.giveBack(this.#kept.splice(Math.ceil(count / RUN_ROWS)));
  }

  /**
   * Writes the addresses of the parts of rows that were kept, from position `start` of the last call of `keep`, to a place
   * in the memory.
   */
  addresses(start: number, rows: number, into: number): void {
    const numbersAt = this.#entities.numberAt(start);
    this.#memory.kernels.partAddresses(numbersAt, rows, this.#keptAt, BLOCK_BITS, this.#width * 4, into);
  }

  /** Computes the part of every row, at most `RUN_ROWS`, and writes their addresses to a place in the memory. */
  async pass(chunk: EncodedChunk, from: number, rows: number, into: number): Promise<void> {
    const tensors =
      rows % ROWS_MULTIPLE === 0 ? this.#inputs.of(chunk, from, rows) : this.#picked(chunk, rangeOf(from, rows));
    await this.#run(tensors, rows, this.#passing);
    const addresses = this.#memory.words(into, rows);
    for (let i = 0; i < rows; i++) addresses[i] = this.#passing + i * this.#width * 4;
  }

  async #run(tensors: Record<string, NamedTensor>, rows: number, offset: number): Promise<void> {
    const padded = paddedCount(rows);
    const data = this.#memory.floats(offset, padded * this.#width);
    await this.#session.run(tensors, { [PART]: { data, shape: [padded, this.#width] } });
  }

  #picked(chunk: EncodedChunk, rows: Int32Array): Record<string, NamedTensor> {
    const padded = new Int32Array(paddedCount(rows.length)).fill(rows[0] as number);
    padded.set(rows);
    return this.#inputs.pick(chunk, padded);
  }

  /** Writes the bits of the rows' inputs to the columns of a set. */
  #fillColumns(entities: EntityRows, chunk: EncodedChunk, from: number, rows: number): void {
    let word = 0;
    for (const input of this.#part.columns) {
      const { length } = input;
      const bits = bitsOf(columnOf(chunk, input)).subarray(from * length, (from + rows) * length);
      for (let k = 0; k < length; k++, word++) {
        const column = entities.column(word, rows);
        if (length === 1) column.set(bits);
        else for (let row = 0; row < rows; row++) column[row] = bits[row * length + k] as number;
      }
    }
  }
}

function paddedCount(rows: number): number {
  return Math.ceil(rows / ROWS_MULTIPLE) * ROWS_MULTIPLE;
}

function rangeOf(from: number, rows: number): Int32Array {
  return new Int32Array(rows).map((_, i) => from + i);
}

function bitsOf(values: Int32Array | Float32Array): Int32Array {
  return values instanceof Int32Array ? values : new Int32Array(values.buffer, values.byteOffset, values.length);
}
