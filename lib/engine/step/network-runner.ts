/** Runs the network on one member's rows of the batch, with a session of one thread. */
import type { Block, SparseMemory } from '../memory/memory-plan.ts';
import { type NamedTensor, Session } from '../ort/session.ts';
import {
  EMBEDDED,
  EMBEDDED_GRADIENT,
  gradientName,
  labelName,
  lossName,
  maskName,
  numberName,
  parameterName,
  weightName,
} from '../ort/step-names.ts';
import { maskDraws } from './dropout.ts';
import { PrivateArrays } from './private-arrays.ts';
import type { Losses, Slice, TeamSetup } from './team-setup.ts';

/** An output of the step's graph, and where it goes in the shared memory. */
interface Gradient {
  readonly name: string;
  readonly shape: readonly number[];
  readonly target: Float32Array;
}

/** A member's sessions. */
export class NetworkRunner {
  readonly #setup: TeamSetup;
  readonly #member: number;
  readonly #memory: SparseMemory;
  readonly #sessions: Readonly<Record<'step' | 'loss', Session>>;
  readonly #arrays = new PrivateArrays();

  private constructor(
    setup: TeamSetup,
    member: number,
    memory: SparseMemory,
    sessions: Readonly<Record<'step' | 'loss', Session>>,
  ) {
    this.#setup = setup;
    this.#member = member;
    this.#memory = memory;
    this.#sessions = sessions;
  }

  static async open(setup: TeamSetup, member: number, memory: SparseMemory): Promise<NetworkRunner> {
    const step = await Session.open(setup.graphs.step, { threads: 1 });
    const loss = await Session.open(setup.graphs.loss, { threads: 1 });
    return new NetworkRunner(setup, member, memory, { step, loss });
  }

  /** Returns the losses of the rows, with nothing dropped. */
  async loss(slice: Slice): Promise<Losses> {
    return this.#run('loss', slice, {}, []);
  }

  /**
   * Returns the losses of the rows, and writes the gradients to the shared memory: those of the embedded matrix to its
   * rows, those of the parameters to this member's place.
   */
  async train(slice: Slice, step: number): Promise<Losses> {
    return this.#run('step', slice, this.#masks(slice, step), this.#gradients(slice));
  }

  async release(): Promise<void> {
    await this.#sessions.step.release();
    await this.#sessions.loss.release();
  }

  async #run(
    graph: 'step' | 'loss',
    slice: Slice,
    masks: Readonly<Record<string, NamedTensor>>,
    gradients: readonly Gradient[],
  ): Promise<Losses> {
    const { losses } = this.#setup;
    if (slice.from === slice.to) {
      for (const { target } of gradients) target.fill(0);
      return Object.fromEntries(losses.map((name) => [name, 0]));
    }
    const into = gradients.map(({ name, shape, target }): [string, NamedTensor] => {
      return [name, { data: this.#arrays.array(name, target.length), shape }];
    });
    const outputs = await this.#sessions[graph].run({ ...this.#inputs(slice), ...masks }, Object.fromEntries(into));
    for (const { name, target } of gradients) target.set(this.#arrays.array(name, target.length));
    return Object.fromEntries(losses.map((name) => [name, Number(outputs[lossName(name)]?.[0])]));
  }

  #inputs(slice: Slice): Record<string, NamedTensor> {
    const { parameters, numbers, labels, weights, embedded, embeddedWidth } = this.#setup.parts;
    const rows = slice.to - slice.from;
    const inputs: Record<string, NamedTensor> = {};
    for (const [name, { shape, table }] of parameters)
      inputs[parameterName(name)] = {
        data: this.#copyOf(parameterName(name), { offset: table.block.offset, length: table.dimension }),
        shape,
      };
    if (embeddedWidth > 0) inputs[EMBEDDED] = this.#rowsOf(EMBEDDED, embedded, slice, [rows, embeddedWidth]);
    for (const [name, block] of numbers)
      inputs[numberName(name)] = this.#rowsOf(numberName(name), block, slice, [rows]);
    for (const [name, block] of labels)
      inputs[labelName(name)] = this.#rowsOf(labelName(name), block, slice, [rows, 1]);
    for (const [name, block] of weights)
      inputs[weightName(name)] = this.#rowsOf(weightName(name), block, slice, [rows, 1]);
    return inputs;
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

  #gradients(slice: Slice): Gradient[] {
    const { parameters, embeddedGradient, embeddedWidth } = this.#setup.parts;
    const gradients = [...parameters].map(([name, { shape, table, gradients: all }]): Gradient => {
      const own = { offset: all.offset + this.#member * table.dimension * 4, length: table.dimension };
      return { name: gradientName(name), shape, target: this.#memory.floats(own) };
    });
    if (embeddedWidth === 0) return gradients;
    const shape = [slice.to - slice.from, embeddedWidth];
    const target = this.#memory.floats(rowsOfBlock(embeddedGradient, slice, embeddedWidth));
    return [...gradients, { name: EMBEDDED_GRADIENT, shape, target }];
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
