/**
 * The weights of a training engine and the optimizer's state, in the memory that its threads share, and the batch that
 * they train on.
 *
 * The parameter `rows` is always the number of rows of the batch; rows of an embedding table are ids.
 */
import type { Model } from '../../model/model.ts';
import { namedBytes } from '../../numbers/bytes.ts';
import type { Batch, EngineOptions, EngineState, Weights } from '../engine.ts';
import { batchLayout } from './batch-layout.ts';
import { fillCoefficients, fillRowCounts } from './coefficients.ts';
import type { MemoryParts, PlanOptions } from './memory-parts.ts';
import type { Block, SparseMemory } from './memory-plan.ts';
import { type MemoryTable, readWeights, writeWeights } from './memory-table.ts';
import { type PlannedMemory, planMemory } from './plan-memory.ts';

/** Bytes that an engine's memory takes, by what they depend on. */
export interface EngineBytes {
  /** Of the weights and the optimizer's state. */
  readonly weights: number;
  /** Of one batch, for which the blocks of the memory are as long as the batch size. */
  readonly batch: number;
}

/** Returns the bytes that an engine's memory would take. */
export function engineBytes(model: Model, options: PlanOptions): EngineBytes {
  const bytesOf = (batchSize: number) => {
    const { plan } = planMemory(model, { ...options, batchSize });
    return plan.bytes + plan.bytesBeside;
  };
  const [weights, all] = [bytesOf(0), bytesOf(options.batchSize)];
  return { weights, batch: all - weights };
}

/** The weights, optimizer state and batch of one training engine. */
export class EngineMemory {
  /** 1 for each row that a training step has updated, 0 for every other, by embedding table. */
  readonly touched: Readonly<Record<string, Uint8Array>>;
  readonly memory: SparseMemory;
  readonly parts: MemoryParts;
  readonly #batchSize: number;

  private constructor({ batchSize }: EngineOptions, parts: MemoryParts, memory: SparseMemory) {
    this.#batchSize = batchSize;
    this.memory = memory;
    this.parts = parts;
    this.touched = Object.fromEntries(
      [...parts.tables].map(([name, { table, touched }]) => [name, memory.bytes(touched).subarray(0, table.rows)]),
    );
    for (const { staged } of parts.members)
      if (staged !== null)
        memory.ints(staged.places).set(Array.from({ length: staged.places.length }, (_, place) => place));
  }

  /**
   * Allocates the memory, with all weights and all optimizer state set to 0.
   * @throws {NotEnoughMemoryError}
   */
  static async create(options: EngineOptions, { plan, parts }: PlannedMemory): Promise<EngineMemory> {
    return new EngineMemory(options, parts, await plan.build());
  }

  /**
   * Copies a batch into the memory.
   * @throws {RangeError} if the batch has more rows than the batch size, or shared rows although there can be none.
   */
  writeBatch(batch: Batch): void {
    const { numbers, sequences, labels, weights, sharedRows } = this.parts;
    const { fields } = batchLayout(this.parts, batch.shared !== undefined);
    if (batch.rows > this.#batchSize)
      throw new RangeError(`batch: got ${batch.rows} rows, expected at most ${this.#batchSize}`);
    if (batch.shared !== undefined) this.memory.ints(sharedRows).set(batch.shared.rows);
    for (const { field, length, ids, coefficients, isShared, rowCounts } of fields) {
      this.memory.ints(ids).set(batch.ids[field.input.name] as Int32Array);
      if (coefficients !== null) fillCoefficients(this.memory.floats(coefficients), batch, { field, length, isShared });
      if (rowCounts !== null) fillRowCounts(this.memory.floats(rowCounts), batch, field);
    }
    const write = (blocks: ReadonlyMap<string, Block>, columns: Readonly<Record<string, Float32Array>>) => {
      for (const [name, block] of blocks) this.memory.floats(block).set(columns[name] as Float32Array);
    };
    for (const [name, { block }] of sequences) this.memory.floats(block).set(batch.coefficients[name] as Float32Array);
    for (const [name, { block }] of numbers) this.memory.floats(block).set(batch.numbers[name] as Float32Array);
    write(labels, batch.labels);
    write(weights, batch.weights);
  }

  /** Returns a copy of the probabilities of the batch that was evaluated last, [rows], by output. */
  probabilities(rows: number): Record<string, Float32Array> {
    return Object.fromEntries(
      [...this.parts.probabilities].map(([name, block]) => [name, this.memory.floats(block).slice(0, rows)]),
    );
  }

  /** Returns a copy of all weights, without the optimizer's state, in the arrays of `into` where it has them. */
  weights(into?: Weights): Weights {
    const copies = (all: ReadonlyMap<string, { readonly table: MemoryTable }>, arrays: Weights['tables'] = {}) =>
      Object.fromEntries([...all].map(([name, { table }]) => [name, readWeights(this.memory, table, arrays[name])]));
    return {
      parameters: copies(this.parts.parameters, into?.parameters),
      tables: copies(this.parts.tables, into?.tables),
    };
  }

  /**
   * Sets the given weights, and leaves all other weights and the optimizer's state unchanged.
   * @throws {RangeError} if a name is unknown or the number of values is wrong.
   */
  load({ parameters, tables }: Weights): void {
    for (const [name, values] of Object.entries(parameters)) this.#load(this.parts.parameters.get(name), values, name);
    for (const [name, values] of Object.entries(tables)) this.#load(this.parts.tables.get(name), values, name);
  }

  /** Returns the arrays that a checkpoint saves (see `EngineState`), by name, as views of this memory. */
  arrays(): EngineState['arrays'] {
    const { parameters, tables } = this.parts;
    const bytes = (name: string, { block }: MemoryTable) => namedBytes(name, this.memory.floats(block));
    return [
      ...[...parameters].flatMap(([name, { table }]) => bytes(`parameter/${name}`, table)),
      ...[...tables].flatMap(([name, { table }]) => bytes(`table/${name}`, table)),
      ...Object.entries(this.touched).map(([name, flags]) => [`touched/${name}`, flags] as const),
    ];
  }

  #load(blocks: { readonly table: MemoryTable } | undefined, values: Float32Array, name: string): void {
    const expected = blocks === undefined ? 0 : blocks.table.rows * blocks.table.dimension;
    if (blocks === undefined || values.length !== expected)
      throw new RangeError(`weights of ${name}: got ${values.length} values, expected ${expected}`);
    writeWeights(this.memory, blocks.table, values);
  }
}
