/**
 * The weights of a training engine with their optimizer's state, and the two halves of a step that need no network:
 * before it, the batch's embedding rows are gathered into one matrix; after it, the gradients of that matrix are added
 * up by id, and the dense parameters and the touched rows are updated.
 */
import type { Model } from '../../model/model.ts';
import type { Batch, EngineOptions, EngineState, Weights } from '../engine.ts';
import { learningRateFactor } from '../learning-rate.ts';
import { type Optimizer, optimizerOf } from '../optimizers.ts';
import { fillCoefficients } from './coefficients.ts';
import { type MemoryParts, planParts } from './memory-parts.ts';
import { type Block, MemoryPlan, type SparseMemory } from './memory-plan.ts';
import { type Rows, readWeights, touchedRows, writeWeights } from './rows.ts';

export class EngineMemory {
  /** By embedding table: 1 for each row that a step has touched. */
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
    this.touched = Object.fromEntries([...parts.tables].map(([name, { slot }]) => [name, new Uint8Array(slot.length)]));
  }

  /** Reserves the memory, all weights and states 0. */
  static async create(model: Model, options: EngineOptions): Promise<EngineMemory> {
    const plan = new MemoryPlan();
    const parts = planParts(plan, model, options);
    return new EngineMemory(model, options, parts, await plan.build());
  }

  /** The gathered rows of the batch, [rows, embeddedWidth]. */
  embedded(rows: number): Float32Array {
    return this.#matrix(this.#parts.embedded, rows);
  }

  /** Where the step writes the gradient of the gathered rows, [rows, embeddedWidth]. */
  embeddedGradient(rows: number): Float32Array {
    return this.#matrix(this.#parts.embeddedGradient, rows);
  }

  /** The values of a dense parameter. */
  parameter(name: string): Float32Array {
    const { block, dimension } = this.#parts.parameters.get(name) as Rows;
    return this.#memory.floats({ offset: block.offset, length: dimension });
  }

  /** Where the step writes the gradient of a dense parameter. */
  parameterGradient(name: string): Float32Array {
    return this.#memory.floats((this.#parts.parameters.get(name) as Rows).sums);
  }

  /** Gathers the rows of a batch. */
  gather(batch: Batch): void {
    const { batchSize } = this.#options;
    const { rows, ids } = batch;
    if (rows > batchSize) throw new RangeError(`batch: got ${rows} rows, expected at most ${batchSize}`);
    for (const { field, length, ...blocks } of this.#parts.fields) {
      const { block, stride, dimension } = this.#parts.tables.get(field.table) as Rows;
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

  /** Updates the dense parameters and the rows of the batch that was gathered last, at a global step. */
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

  weights(): Weights {
    const copies = (all: ReadonlyMap<string, Rows>) =>
      Object.fromEntries([...all].map(([name, rows]) => [name, readWeights(this.#memory, rows)]));
    return { parameters: copies(this.#parts.parameters), tables: copies(this.#parts.tables) };
  }

  load({ parameters, tables }: Weights): void {
    for (const [name, values] of Object.entries(parameters)) this.#load(this.#parts.parameters.get(name), values, name);
    for (const [name, values] of Object.entries(tables)) this.#load(this.#parts.tables.get(name), values, name);
  }

  /** The memory itself, by name: weights with their optimizer's state, and which rows were touched. */
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

  /** Adds up the gradients of a table's rows, and returns how many different rows the batch has. */
  #scatter(name: string, { dimension, slot, distinct, sums }: Rows, rows: number): number {
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
        slot.offset,
        distinct.offset,
        count,
        sums.offset,
      );
    }
    const flags = this.touched[name] as Uint8Array;
    for (const id of this.#memory.ints({ offset: distinct.offset, length: count })) flags[id] = 1;
    return count;
  }

  #load(rows: Rows | undefined, values: Float32Array, name: string): void {
    const expected = rows === undefined ? 0 : rows.slot.length * rows.dimension;
    if (rows === undefined || values.length !== expected)
      throw new RangeError(`weights of ${name}: got ${values.length} values, expected ${expected}`);
    writeWeights(this.#memory, rows, values);
  }
}
