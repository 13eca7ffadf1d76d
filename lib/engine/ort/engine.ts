/**
 * The training engine: parameters, embedding tables and their optimizer in one memory; one traced step in onnxruntime.
 *
 * A step gathers the batch's embedding rows into one matrix, runs loss and gradients in onnxruntime on that matrix,
 * adds up the gradients by id and updates the dense parameters and the touched rows. onnxruntime reads and writes the
 * memory in place.
 */
import { onnxBytes } from '../../graph/onnx-file.ts';
import type { Field } from '../../model/fields.ts';
import type { Model } from '../../model/model.ts';
import { randomStream } from '../../numbers/random.ts';
import type { TableSpec } from '../../table/encoded.ts';
import { type OptimizerChoice, STATE_FLOATS, type Touched, updateRows } from '../optimizers.ts';
import { type NamedTensor, Session } from './session.ts';
import { type Block, MemoryPlan, type SparseMemory } from './sparse-kernels.ts';
import {
  EMBEDDED,
  EMBEDDED_GRADIENT,
  gradientName,
  labelName,
  lossName,
  maskName,
  numberName,
  parameterName,
  traceLoss,
  traceStep,
  weightName,
} from './step-model.ts';

/** Rows of a batch. Every array holds `rows` values, or `rows * length` for the ids and coefficients of a bag. */
export interface Batch {
  readonly rows: number;
  readonly ids: Readonly<Record<string, Int32Array>>;
  /** Of bags: the combiner's coefficient of each id, 0 where padded. */
  readonly coefficients: Readonly<Record<string, Float32Array>>;
  readonly numbers: Readonly<Record<string, Float32Array>>;
  /** 0 or 1 by labelled stage. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  /** By labelled stage, the division by the batch included; 0 for an unknown label. */
  readonly weights: Readonly<Record<string, Float32Array>>;
}

export interface EngineOptions {
  readonly batchSize: number;
  readonly threads: number;
  readonly optimizer: OptimizerChoice;
  readonly l2Embeddings: number;
  /** Share of hidden units dropped in a training step. */
  readonly dropout: number;
  readonly seed: number;
}

/** Parameters by name and tables by name, each as one array of rows. */
export interface Weights {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly tables: Readonly<Record<string, Float32Array>>;
}

export interface EngineState {
  /** Steps made so far. */
  readonly step: number;
  readonly arrays: readonly (readonly [name: string, bytes: Uint8Array])[];
}

interface Rows {
  readonly dimension: number;
  readonly stride: number;
  readonly block: Block;
  readonly slot: Block;
  readonly distinct: Block;
  readonly sums: Block;
}

interface FieldBlocks {
  readonly field: Field;
  readonly length: number;
  readonly ids: Block;
  readonly coefficients: Block | null;
}

export class Engine {
  readonly model: Model;
  readonly options: EngineOptions;
  /** Rows of each table that some training step has touched. */
  readonly touched: Readonly<Record<string, Uint8Array>>;
  #step = 0;
  readonly #memory: SparseMemory;
  readonly #parameters: ReadonlyMap<string, Rows>;
  readonly #tables: ReadonlyMap<string, Rows>;
  readonly #fields: readonly FieldBlocks[];
  readonly #embedded: Block;
  readonly #embeddedGradient: Block;
  readonly #stepSession: Session;
  readonly #lossSession: Session;

  private constructor(
    model: Model,
    options: EngineOptions,
    parts: Parts,
    memory: SparseMemory,
    sessions: { step: Session; loss: Session },
  ) {
    this.model = model;
    this.options = options;
    this.#memory = memory;
    this.#parameters = parts.parameters;
    this.#tables = parts.tables;
    this.#fields = parts.fields;
    this.#embedded = parts.embedded;
    this.#embeddedGradient = parts.embeddedGradient;
    this.#stepSession = sessions.step;
    this.#lossSession = sessions.loss;
    this.touched = Object.fromEntries([...parts.tables].map(([name, { slot }]) => [name, new Uint8Array(slot.length)]));
  }

  /** Traces the model, and makes an engine whose weights are all 0: `load` gives them values. */
  static async create(model: Model, tables: readonly TableSpec[], options: EngineOptions): Promise<Engine> {
    const plan = new MemoryPlan();
    const parts = planParts(plan, model, tables, options);
    const memory = await plan.build();
    const step = await Session.open(onnxBytes(traceStep(model, options.dropout > 0)), { threads: options.threads });
    const loss = await Session.open(onnxBytes(traceLoss(model)), { threads: options.threads });
    return new Engine(model, options, parts, memory, { step, loss });
  }

  /** Steps made so far. */
  get steps(): number {
    return this.#step;
  }

  /** One training step. Returns the loss by labelled stage, before the update. */
  async train(batch: Batch): Promise<Record<string, number>> {
    this.#step += 1;
    this.#gather(batch);
    const inputs = { ...this.#inputs(batch), ...this.#masks(batch.rows) };
    const outputs = await this.#stepSession.run(inputs, this.#gradients(batch.rows));
    this.#updateParameters();
    this.#updateTables(batch.rows);
    return this.#losses(outputs);
  }

  /** The loss by labelled stage, nothing dropped and nothing updated. */
  async loss(batch: Batch): Promise<Record<string, number>> {
    this.#gather(batch);
    return this.#losses(await this.#lossSession.run(this.#inputs(batch)));
  }

  /** A copy of the weights, without the optimizer's state. */
  weights(): Weights {
    const copies = (all: ReadonlyMap<string, Rows>) =>
      Object.fromEntries([...all].map(([name, rows]) => [name, this.#read(rows)]));
    return { parameters: copies(this.#parameters), tables: copies(this.#tables) };
  }

  /**
   * All that the next step depends on besides its batch: weights with the optimizer's state, and which rows were touched,
   * by name. The arrays are the engine's own memory, good until its next step.
   */
  state(): EngineState {
    return { step: this.#step, arrays: this.#stateArrays() };
  }

  /**
   * Goes back to a state that an engine of the same model and options was in: each of its arrays is filled in turn.
   */
  async restore(step: number, fill: (name: string, into: Uint8Array) => Promise<void>): Promise<void> {
    for (const [name, bytes] of this.#stateArrays()) await fill(name, bytes);
    this.#step = step;
  }

  #stateArrays(): (readonly [name: string, bytes: Uint8Array])[] {
    const bytesOf = ({ block }: Rows) => {
      const { buffer, byteOffset, byteLength } = this.#memory.floats(block);
      return new Uint8Array(buffer, byteOffset, byteLength);
    };
    return [
      ...[...this.#parameters].map(([name, rows]) => [`parameter/${name}`, bytesOf(rows)] as const),
      ...[...this.#tables].map(([name, rows]) => [`table/${name}`, bytesOf(rows)] as const),
      ...Object.entries(this.touched).map(([name, flags]) => [`touched/${name}`, flags] as const),
    ];
  }

  /** Sets the weights; the optimizer's state stays. */
  load({ parameters, tables }: Weights): void {
    for (const [name, values] of Object.entries(parameters)) this.#write(this.#parameters.get(name), values, name);
    for (const [name, values] of Object.entries(tables)) this.#write(this.#tables.get(name), values, name);
  }

  async release(): Promise<void> {
    await this.#stepSession.release();
    await this.#lossSession.release();
  }

  #gather({ rows, ids, coefficients }: Batch): void {
    const width = this.model.layout.embeddedWidth;
    for (const { field, length, ...blocks } of this.#fields) {
      const { name, table } = field.input;
      const tableRows = this.#tables.get(table) as Rows;
      this.#memory.ints(blocks.ids).set(ids[name] as Int32Array);
      if (blocks.coefficients !== null)
        this.#memory.floats(blocks.coefficients).set(coefficients[name] as Float32Array);
      this.#memory.kernels.gather(
        tableRows.block.offset,
        tableRows.stride,
        tableRows.dimension,
        blocks.ids.offset,
        blocks.coefficients?.offset ?? 0,
        rows,
        length,
        this.#embedded.offset + field.offset * 4,
        width,
      );
    }
  }

  #inputs(batch: Batch): Record<string, NamedTensor> {
    const { graph, layout } = this.model;
    const rows = batch.rows;
    const inputs: Record<string, NamedTensor> = {};
    if (layout.embeddedWidth > 0) inputs[EMBEDDED] = this.#matrix(this.#embedded, rows);
    for (const { name } of layout.numbers)
      inputs[numberName(name)] = { data: batch.numbers[name] as Float32Array, shape: [rows] };
    for (const { name } of graph.labelled) {
      inputs[labelName(name)] = { data: batch.labels[name] as Float32Array, shape: [rows, 1] };
      inputs[weightName(name)] = { data: batch.weights[name] as Float32Array, shape: [rows, 1] };
    }
    for (const { name, shape } of this.model.network.parameters) {
      const { block, dimension } = this.#parameters.get(name) as Rows;
      inputs[parameterName(name)] = { data: this.#memory.floats({ offset: block.offset, length: dimension }), shape };
    }
    return inputs;
  }

  #masks(rows: number): Record<string, NamedTensor> {
    const { dropout, seed } = this.options;
    if (dropout === 0) return {};
    const kept = 1 / (1 - dropout);
    return Object.fromEntries(
      this.model.network.masks.map(({ name, units }) => {
        const random = randomStream(seed, `dropout/${name}/${this.#step}`);
        const data = Float32Array.from({ length: rows * units }, (_, i) => (random.uniform(i) < dropout ? 0 : kept));
        return [maskName(name), { data, shape: [rows, units] }];
      }),
    );
  }

  /** Where onnxruntime writes the gradients. */
  #gradients(rows: number): Record<string, NamedTensor> {
    const into: Record<string, NamedTensor> = {};
    for (const { name, shape } of this.model.network.parameters) {
      into[gradientName(name)] = { data: this.#memory.floats((this.#parameters.get(name) as Rows).sums), shape };
    }
    if (this.model.layout.embeddedWidth > 0) into[EMBEDDED_GRADIENT] = this.#matrix(this.#embeddedGradient, rows);
    return into;
  }

  #matrix({ offset }: Block, rows: number): NamedTensor {
    const width = this.model.layout.embeddedWidth;
    return { data: this.#memory.floats({ offset, length: rows * width }), shape: [rows, width] };
  }

  #updateParameters(): void {
    for (const rows of this.#parameters.values()) {
      updateRows(this.#memory.kernels, this.options.optimizer, touchedRows(rows, 1), {
        step: this.#step,
        l2: 0,
        kind: 'dense',
      });
    }
  }

  #updateTables(rows: number): void {
    const width = this.model.layout.embeddedWidth;
    for (const [name, table] of this.#tables) {
      let count = 0;
      for (const { field, length, ids, coefficients } of this.#fields) {
        if (field.input.table !== name) continue;
        count = this.#memory.kernels.scatter(
          ids.offset,
          coefficients?.offset ?? 0,
          rows,
          length,
          table.dimension,
          this.#embeddedGradient.offset + field.offset * 4,
          width,
          table.slot.offset,
          table.distinct.offset,
          count,
          table.sums.offset,
        );
      }
      const distinct = this.#memory.ints({ offset: table.distinct.offset, length: count });
      const touched = this.touched[name] as Uint8Array;
      for (let i = 0; i < count; i++) touched[distinct[i] as number] = 1;
      const { optimizer, l2Embeddings } = this.options;
      updateRows(this.#memory.kernels, optimizer, touchedRows(table, count), {
        step: this.#step,
        l2: l2Embeddings,
        kind: 'sparse',
      });
    }
  }

  #losses(outputs: Readonly<Record<string, ArrayLike<number | bigint>>>): Record<string, number> {
    return Object.fromEntries(
      this.model.graph.labelled.map(({ name }) => [name, Number(outputs[lossName(name)]?.[0])]),
    );
  }

  #read({ block, stride, dimension }: Rows): Float32Array {
    const stored = this.#memory.floats(block);
    const values = new Float32Array((block.length / stride) * dimension);
    for (let row = 0; row * stride < block.length; row++) {
      values.set(stored.subarray(row * stride, row * stride + dimension), row * dimension);
    }
    return values;
  }

  #write(rows: Rows | undefined, values: Float32Array, name: string): void {
    const expected = rows === undefined ? 0 : (rows.block.length / rows.stride) * rows.dimension;
    if (rows === undefined || values.length !== expected) {
      throw new RangeError(`weights of ${name}: got ${values.length} values, expected ${expected}`);
    }
    const stored = this.#memory.floats(rows.block);
    for (let row = 0; row * rows.stride < stored.length; row++) {
      stored.set(values.subarray(row * rows.dimension, (row + 1) * rows.dimension), row * rows.stride);
    }
  }
}

interface Parts {
  readonly parameters: ReadonlyMap<string, Rows>;
  readonly tables: ReadonlyMap<string, Rows>;
  readonly fields: readonly FieldBlocks[];
  readonly embedded: Block;
  readonly embeddedGradient: Block;
}

function planParts(
  plan: MemoryPlan,
  { layout, network }: Model,
  tables: readonly TableSpec[],
  options: EngineOptions,
): Parts {
  const state = 1 + STATE_FLOATS[options.optimizer.type];
  const planRows = (rows: number, dimension: number, distinct: number): Rows => ({
    dimension,
    stride: dimension * state,
    block: plan.reserve(rows * dimension * state),
    slot: plan.reserve(rows),
    distinct: plan.reserve(distinct),
    sums: plan.reserve(distinct * dimension),
  });
  const lengthOf = (field: Field) => (field.input.kind === 'bag' ? field.input.length : 1);
  const idsOf = (table: string) =>
    layout.fields
      .filter(({ input }) => input.table === table)
      .reduce((sum, field) => sum + options.batchSize * lengthOf(field), 0);
  return {
    parameters: new Map(
      network.parameters.map(({ name, shape }) => [
        name,
        planRows(
          1,
          shape.reduce((a, b) => a * b, 1),
          1,
        ),
      ]),
    ),
    tables: new Map(
      tables.map(({ name, rows, dimension }) => [name, planRows(rows, dimension, Math.min(rows, idsOf(name)))]),
    ),
    fields: layout.fields.map((field) => {
      const length = lengthOf(field);
      const ids = plan.reserve(options.batchSize * length);
      return {
        field,
        length,
        ids,
        coefficients: field.input.kind === 'bag' ? plan.reserve(options.batchSize * length) : null,
      };
    }),
    embedded: plan.reserve(options.batchSize * layout.embeddedWidth),
    embeddedGradient: plan.reserve(options.batchSize * layout.embeddedWidth),
  };
}

function touchedRows({ block, stride, dimension, slot, distinct, sums }: Rows, count: number): Touched {
  return {
    table: block.offset,
    stride,
    dimension,
    slot: slot.offset,
    distinct: distinct.offset,
    count,
    sums: sums.offset,
  };
}
