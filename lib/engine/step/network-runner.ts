/** Runs the network on one member's rows of the batch. */
import { batchLayout } from '../memory/batch-layout.ts';
import type { MatrixBlocks } from '../memory/memory-parts.ts';
import type { Block, SparseMemory } from '../memory/memory-plan.ts';
import type { NamedTensor } from '../ort/session.ts';
import { maskDraws } from './dropout.ts';
import { PrivateArrays } from './private-arrays.ts';
import type { StepGraph, StepGraphs } from './step-graph.ts';
import {
  EMBEDDED,
  EMBEDDED_GRADIENT,
  gradientName,
  labelName,
  lossName,
  maskName,
  numberName,
  parameterName,
  presentName,
  probabilityName,
  SHARED,
  SHARED_GRADIENT,
  SHARED_ROWS,
  weightName,
} from './step-names.ts';
import type { BatchSlices, Losses, Slice, StepSetup } from './step-setup.ts';

/** An output of the step's graph, and where it goes in the shared memory. */
interface Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly target: Float32Array;
}

/** A member's graphs, and the arrays that they read and write. */
export class NetworkRunner {
  readonly #setup: StepSetup;
  readonly #member: number;
  readonly #memory: SparseMemory;
  readonly #graphs: StepGraphs;
  readonly #arrays = new PrivateArrays();

  constructor(setup: StepSetup, member: number, memory: SparseMemory, graphs: StepGraphs) {
    this.#setup = setup;
    this.#member = member;
    this.#memory = memory;
    this.#graphs = graphs;
  }

  /** Returns the losses of the rows, with nothing dropped, and writes their probabilities to the shared memory. */
  async loss(slices: BatchSlices): Promise<Losses> {
    const probabilities = [...this.#setup.parts.probabilities].map(([name, block]): Target => {
      const target = this.#memory.floats(rowsOfBlock(block, slices.rows, 1));
      return { name: probabilityName(name), shape: [target.length], target };
    });
    return this.#run(this.#graphs.loss, slices, {}, probabilities);
  }

  /**
   * Returns the losses of the rows, and writes the gradients to the shared memory: those of the embedded matrices to
   * their rows, those of the parameters to this member's place.
   */
  async train(slices: BatchSlices, step: number): Promise<Losses> {
    const { step: plain, shared } = this.#graphs;
    const graph = slices.shared === null ? plain : (shared as StepGraph);
    return this.#run(graph, slices, this.#masks(slices.rows, step), this.#gradients(slices));
  }

  async release(): Promise<void> {
    const { step, loss, shared } = this.#graphs;
    for (const graph of [step, loss, shared]) await graph?.release();
  }

  async #run(
    graph: StepGraph,
    slices: BatchSlices,
    masks: Readonly<Record<string, NamedTensor>>,
    targets: readonly Target[],
  ): Promise<Losses> {
    const { losses } = this.#setup;
    if (slices.rows.from === slices.rows.to) {
      for (const { target } of targets) target.fill(0);
      return Object.fromEntries(losses.map((name) => [name, 0]));
    }
    const into = targets.map(({ name, shape, target }): [string, NamedTensor] => {
      return [name, { data: this.#arrays.array(name, target.length), shape }];
    });
    const outputs = await graph.run({ ...this.#inputs(slices), ...masks }, Object.fromEntries(into));
    for (const { name, target } of targets) target.set(this.#arrays.array(name, target.length));
    return Object.fromEntries(losses.map((name) => [name, Number(outputs[lossName(name)]?.[0])]));
  }

  #inputs({ rows: slice, shared }: BatchSlices): Record<string, NamedTensor> {
    const { parts } = this.#setup;
    const { parameters, numbers, sequences, labels, weights, sharedInputs } = parts;
    const matrices = batchLayout(parts, shared !== null);
    const rows = slice.to - slice.from;
    const inputs: Record<string, NamedTensor> = {};
    for (const [name, { shape, table }] of parameters)
      inputs[parameterName(name)] = {
        data: this.#copyOf(parameterName(name), { offset: table.block.offset, length: table.dimension }),
        shape,
      };
    Object.assign(inputs, this.#matrix(EMBEDDED, matrices.rows, slice));
    if (shared !== null) {
      Object.assign(inputs, this.#matrix(SHARED, matrices.shared as MatrixBlocks, shared));
      inputs[SHARED_ROWS] = { data: this.#sharedRows(slice, shared), shape: [rows] };
    }
    for (const [name, { block, length }] of numbers) {
      const own = shared !== null && sharedInputs.has(name) ? shared : slice;
      const rowsOfInput = own.to - own.from;
      const shape = length === null ? [rowsOfInput] : [rowsOfInput, length];
      inputs[numberName(name)] = this.#rowsOf(numberName(name), block, own, shape);
    }
    for (const [name, { block, length }] of sequences) {
      const own = shared !== null && sharedInputs.has(name) ? shared : slice;
      inputs[presentName(name)] = this.#rowsOf(presentName(name), block, own, [own.to - own.from, length]);
    }
    for (const [name, block] of labels)
      inputs[labelName(name)] = this.#rowsOf(labelName(name), block, slice, [rows, 1]);
    for (const [name, block] of weights)
      inputs[weightName(name)] = this.#rowsOf(weightName(name), block, slice, [rows, 1]);
    return inputs;
  }

  #matrix(name: string, { embedded, width }: MatrixBlocks, slice: Slice): Record<string, NamedTensor> {
    if (width === 0) return {};
    return { [name]: this.#rowsOf(name, embedded, slice, [slice.to - slice.from, width]) };
  }

  /** Returns the shared row of each row, counted from the first of the slice. */
  #sharedRows(slice: Slice, shared: Slice): BigInt64Array {
    const rows = this.#memory.ints(rowsOfBlock(this.#setup.parts.sharedRows, slice, 1));
    const words = new Int32Array(2 * rows.length);
    // The lower word of an int64 stands first; the upper one of a small number is 0.
    for (let i = 0; i < rows.length; i++) words[2 * i] = (rows[i] as number) - shared.from;
    return new BigInt64Array(words.buffer);
  }

  /** Draws the dropout masks of the rows. */
  #masks(slice: Slice, step: number): Record<string, NamedTensor> {
    const { parts, options } = this.#setup;
    const masks: Record<string, NamedTensor> = {};
    for (const { name, units, block } of parts.masks) {
      const { key, threshold, kept } = maskDraws(name, { rate: options.dropout, seed: options.seed, step });
      const [from, to] = [slice.from * units, slice.to * units];
      this.#memory.kernels.dropout(block.offset + from * 4, from, to, key, threshold, kept);
      masks[maskName(name)] = this.#rowsOf(maskName(name), block, slice, [slice.to - slice.from, units]);
    }
    return masks;
  }

  #gradients(slices: BatchSlices): Target[] {
    const { parts } = this.#setup;
    const { parameters } = parts;
    const { rows, shared } = batchLayout(parts, slices.shared !== null);
    const gradients = [...parameters].map(([name, { shape, table, gradients: all }]): Target => {
      const own = { offset: all.offset + this.#member * table.dimension * 4, length: table.dimension };
      return { name: gradientName(name), shape, target: this.#memory.floats(own) };
    });
    return [
      ...gradients,
      ...this.#matrixGradient(EMBEDDED_GRADIENT, rows, slices.rows),
      ...this.#matrixGradient(SHARED_GRADIENT, shared, slices.shared),
    ];
  }

  #matrixGradient(name: string, matrix: MatrixBlocks | null, slice: Slice | null): Target[] {
    if (matrix === null || slice === null || matrix.width === 0) return [];
    const { gradient, width } = matrix;
    const target = this.#memory.floats(rowsOfBlock(gradient, slice, width));
    return [{ name, shape: [slice.to - slice.from, width], target }];
  }

  /** Returns a copy of the rows of a block that has a value for each row of the batch, or `shape[1]` of them. */
  #rowsOf(name: string, block: Block, slice: Slice, shape: readonly number[]): NamedTensor {
    return { data: this.#copyOf(name, rowsOfBlock(block, slice, shape[1] ?? 1)), shape };
  }

  #copyOf(name: string, block: Block): Float32Array {
    return this.#arrays.copyOf(name, this.#memory.floats(block));
  }
}

function rowsOfBlock({ offset }: Block, { from, to }: Slice, width: number): Block {
  return { offset: offset + from * width * 4, length: (to - from) * width };
}
