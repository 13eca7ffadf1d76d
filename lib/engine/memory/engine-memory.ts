/**
 * The weights of a training engine and the optimizer's state, in the memory of the WebAssembly kernels, with the two
 * parts of a training step that do not run the network. `gather`, before the network runs, copies the embeddings of the
 * batch into one matrix. `update`, after it, adds up the gradients of that matrix by id, and updates the dense
 * parameters and the embedding-table rows whose ids are in the batch.
 *
 * The parameter `rows` is always the number of rows of the batch; rows of an embedding table are ids.
 */
import type { Model } from '../../model/model.ts';
import type { Batch, EngineOptions, EngineState, Weights } from '../engine.ts';
import { learningRateFactor } from '../learning-rate.ts';
import { type Optimizer, optimizerOf } from '../optimizers.ts';
import { fillCoefficients } from './coefficients.ts';
import { type MemoryParts, planParts } from './memory-parts.ts';
import { type Block, MemoryPlan, type SparseMemory } from './memory-plan.ts';
import { type MemoryTable, readWeights, touchedRows, writeWeights } from './memory-table.ts';

/** Bytes that an engine's memory takes, by what they depend on. */
export interface EngineBytes {
  /** Of the weights and the optimizer's state. */
  readonly weights: number;
  /** Of one batch, for which the blocks of the memory are as long as the batch size. */
  readonly batch: number;
}

/** Returns the bytes that an engine's memory would take. */
export function engineBytes(model: Model, options: Pick<EngineOptions, 'batchSize' | 'optimizer'>): EngineBytes {
  const bytesOf = (batchSize: number) => {
    const plan = new MemoryPlan();
    planParts(plan, model, { ...options, batchSize });
    return plan.bytes;
  };
  const [weights, all] = [bytesOf(0), bytesOf(options.batchSize)];
  const flags = model.embeddings.tables.reduce((sum, { rows }) => sum + rows, 0);
  return { weights: weights + flags, batch: all - weights };
}

/** The weights, gradients and optimizer state of one training engine. */
export class EngineMemory {
  /** 1 for each row that a training step has updated, 0 for every other, by embedding table. */
  readonly touched: Readonly<Record<string, Uint8Array>>;
  readonly #options: EngineOptions;
  readonly #optimizer: Optimizer;
  readonly #memory: SparseMemory;
  readonly #parts: MemoryParts;
  readonly #embeddedWidth: number;

  private constructor(model: Model, options: EngineOptions, parts: MemoryParts, memory: SparseMemory) {
    this.#options = options;
    this.#optimizer = optimizerOf(options.optimizer);
    this.#memory = memory;
    this.#parts = parts;
    this.#embeddedWidth = model.embeddings.width;
    this.touched = Object.fromEntries(
      [...parts.tables].map(([name, { positions }]) => [name, new Uint8Array(positions.length)]),
    );
  }

  /** Allocates the memory, with all weights and all optimizer state set to 0. */
  static async create(model: Model, options: EngineOptions): Promise<EngineMemory> {
    const plan = new MemoryPlan();
    const parts = planParts(plan, model, options);
    return new EngineMemory(model, options, parts, await plan.build());
  }

  /** Returns the embeddings that `gather` copied, [rows, embeddedWidth], as a view that the next `gather` changes. */
  embedded(rows: number): Float32Array {
    return this.#matrix(this.#parts.embedded, rows);
  }

  /**
   * Returns the array of the gradient of `embedded`, [rows, embeddedWidth], which the network fills before `update`.
   */
  embeddedGradient(rows: number): Float32Array {
    return this.#matrix(this.#parts.embeddedGradient, rows);
  }

  /** Returns the values of a dense parameter, as a view that `update` changes. */
  parameter(name: string): Float32Array {
    const { block, dimension } = this.#parts.parameters.get(name) as MemoryTable;
    return this.#memory.floats({ offset: block.offset, length: dimension });
  }

  /** Returns the array of the gradient of a dense parameter, which the network fills before `update`. */
  parameterGradient(name: string): Float32Array {
    return this.#memory.floats((this.#parts.parameters.get(name) as MemoryTable).sums);
  }

  /**
   * Copies the embeddings of a batch's ids into the matrix that `embedded` returns.
   * @throws {RangeError} if the batch has more rows than the batch size.
   */
  gather(batch: Batch): void {
    const { batchSize } = this.#options;
    const { rows, ids } = batch;
    if (rows > batchSize) throw new RangeError(`batch: got ${rows} rows, expected at most ${batchSize}`);
    for (const { field, length, ...blocks } of this.#parts.fields) {
      const { block, stride, dimension } = this.#parts.tables.get(field.table) as MemoryTable;
      this.#memory.ints(blocks.ids).set(ids[field.input.name] as Int32Array);
      if (blocks.coefficients !== null)
        fillCoefficients(this.#memory.floats(blocks.coefficients), batch, field, length);
      this.#memory.kernels.gather(
        block.offset,
        stride,
        dimension,
        blocks.ids.offset,
        blocks.coefficients?.offset ?? 0,
        rows,
        length,
        this.#parts.embedded.offset + field.offset * 4,
        this.#embeddedWidth,
      );
    }
  }

  /**
   * Updates the dense parameters, and the embedding-table rows of the batch that was gathered last, by their gradients.
   * The learning rate and the optimizer depend on `step`, the number of the step in the whole training.
   */
  update(rows: number, step: number): void {
    const { kernels } = this.#memory;
    const { l2Embeddings, optimizer, schedule } = this.#options;
    const learningRate = optimizer.learningRate * (schedule ? learningRateFactor(schedule, step) : 1);
    for (const parameter of this.#parts.parameters.values())
      this.#optimizer.dense.update(kernels, touchedRows(parameter, 1), { step, learningRate, l2: 0 });
    for (const [name, table] of this.#parts.tables) {
      const count = this.#scatter(name, table, rows);
      this.#optimizer.sparse.update(kernels, touchedRows(table, count), { step, learningRate, l2: l2Embeddings });
    }
  }

  /** Returns a copy of all weights, without the optimizer's state. */
  weights(): Weights {
    const copies = (all: ReadonlyMap<string, MemoryTable>) =>
      Object.fromEntries([...all].map(([name, table]) => [name, readWeights(this.#memory, table)]));
    return { parameters: copies(this.#parts.parameters), tables: copies(this.#parts.tables) };
  }

  /**
   * Sets the given weights, and leaves all other weights and the optimizer's state unchanged.
   * @throws {RangeError} if a name is unknown or the number of values is wrong.
   */
  load({ parameters, tables }: Weights): void {
    for (const [name, values] of Object.entries(parameters)) this.#load(this.#parts.parameters.get(name), values, name);
    for (const [name, values] of Object.entries(tables)) this.#load(this.#parts.tables.get(name), values, name);
  }

  /** Returns the arrays that a checkpoint saves (see `EngineState`), by name, as views of this memory. */
  arrays(): EngineState['arrays'] {
    return [
      ...[...this.#parts.parameters].map(
        ([name, { block }]) => [`parameter/${name}`, this.#memory.bytes(block)] as const,
      ),
      ...[...this.#parts.tables].map(([name, { block }]) => [`table/${name}`, this.#memory.bytes(block)] as const),
      ...Object.entries(this.touched).map(([name, flags]) => [`touched/${name}`, flags] as const),
    ];
  }

  #matrix({ offset }: Block, rows: number): Float32Array {
    return this.#memory.floats({ offset, length: rows * this.#embeddedWidth });
  }

  /** Adds up the gradients of each id of a table in the batch, and returns the number of distinct ids. */
  #scatter(name: string, { dimension, positions, distinct, sums }: MemoryTable, rows: number): number {
    let count = 0;
    for (const { field, length, ids, coefficients } of this.#parts.fields) {
      if (field.table !== name) continue;
      count = this.#memory.kernels.scatter(
        ids.offset,
        coefficients?.offset ?? 0,
        rows,
        length,
        dimension,
        this.#parts.embeddedGradient.offset + field.offset * 4,
        this.#embeddedWidth,
        positions.offset,
        distinct.offset,
        count,
        sums.offset,
      );
    }
    const flags = this.touched[name] as Uint8Array;
    for (const id of this.#memory.ints({ offset: distinct.offset, length: count })) flags[id] = 1;
    return count;
  }

  #load(table: MemoryTable | undefined, values: Float32Array, name: string): void {
    const expected = table === undefined ? 0 : table.positions.length * table.dimension;
    if (table === undefined || values.length !== expected)
      throw new RangeError(`weights of ${name}: got ${values.length} values, expected ${expected}`);
    writeWeights(this.#memory, table, values);
  }
}
