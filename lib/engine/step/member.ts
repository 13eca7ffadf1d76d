/**
 * One thread's part in the steps of a training engine. The members of a team divide each step twice: the rows of the
 * batch, for the network's losses and gradients; and, when all have these, the weights, for the update. Each sum over
 * the batch is made by one member, in the order of the rows or of the members, so that it depends on their number but
 * not on which is faster.
 */
import { batchLayout } from '../memory/batch-layout.ts';
import type { SumBlocks } from '../memory/memory-parts.ts';
import { SparseMemory } from '../memory/memory-plan.ts';
import { Barrier } from './barrier.ts';
import { gather } from './gather.ts';
import { NetworkRunner } from './network-runner.ts';
import type { StepGraphs } from './step-graph.ts';
import {
  type BatchSlices,
  type Losses,
  type StepSetup,
  type StepTask,
  sharedSlices,
  shareOf,
  type Team,
} from './step-setup.ts';
import { updateParameters, updateTables } from './update.ts';

/** A member of a team, in the thread that opened it. A team of one is its only member. */
export class StepMember implements Team {
  readonly #setup: StepSetup;
  readonly #member: number;
  readonly #memory: SparseMemory;
  readonly #barrier: Barrier;
  readonly #network: NetworkRunner;

  private constructor(setup: StepSetup, member: number, memory: SparseMemory, network: NetworkRunner) {
    this.#setup = setup;
    this.#member = member;
    this.#memory = memory;
    this.#barrier = new Barrier(memory.ints(setup.parts.barrier), setup.options.threads);
    this.#network = network;
  }

  /** Opens the member of that number, from 0, with graphs of its own. */
  static async open(setup: StepSetup, member: number, graphs: StepGraphs): Promise<StepMember> {
    const memory = await SparseMemory.attach(setup.shared);
    return new StepMember(setup, member, memory, new NetworkRunner(setup, member, memory, graphs));
  }

  /** Makes this member's part of a step, and returns the losses of its rows. All members must run the same step. */
  async run(task: StepTask): Promise<Losses> {
    const { parts } = this.#setup;
    const slices = this.#slices(task);
    const { staged } = parts.members[this.#member] as SumBlocks;
    gather(this.#memory, { ...parts, staged }, batchLayout(parts, task.distinct !== null), slices);
    if (task.kind === 'loss') return this.#network.loss(slices);
    const losses = await this.#network.train(slices, task.step);
    this.#barrier.wait();
    updateParameters(this.#memory, { ...this.#setup, member: this.#member }, task.step);
    updateTables(this.#memory, { ...this.#setup, member: this.#member }, task);
    return losses;
  }

  #slices({ rows, distinct }: StepTask): BatchSlices {
    const { parts, options } = this.#setup;
    if (distinct === null) return { rows: shareOf(rows, this.#member, options.threads), shared: null };
    const sharedRows = this.#memory.ints({ offset: parts.sharedRows.offset, length: rows });
    return sharedSlices(sharedRows, distinct, this.#member, options.threads);
  }

  async release(): Promise<void> {
    await this.#network.release();
  }
}
