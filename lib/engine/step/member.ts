/**
 * One thread's part in the steps of a training engine. The members of a team divide each step twice: the rows of the
 * batch, for the network's losses and gradients; and, when all have these, the weights, for the update. Each sum over
 * the batch is made by one member, in the order of the rows or of the members, so that it depends on their number but
 * not on which is faster.
 */
import { SparseMemory } from '../memory/memory-plan.ts';
import { Barrier } from './barrier.ts';
import { gather } from './gather.ts';
import { NetworkRunner } from './network-runner.ts';
import { type Losses, type StepTask, shareOf, type TeamSetup } from './team-setup.ts';
import { updateParameters, updateTables } from './update.ts';

/** A member of a team, in the thread that opened it. */
export class StepMember {
  readonly #setup: TeamSetup;
  readonly #member: number;
  readonly #memory: SparseMemory;
  readonly #barrier: Barrier;
  readonly #network: NetworkRunner;

  private constructor(setup: TeamSetup, member: number, memory: SparseMemory, network: NetworkRunner) {
    this.#setup = setup;
    this.#member = member;
    this.#memory = memory;
    this.#barrier = new Barrier(memory, setup.parts.barrier, setup.options.threads);
    this.#network = network;
  }

  /** Opens the member of that number, from 0. */
  static async open(setup: TeamSetup, member: number): Promise<StepMember> {
    const memory = await SparseMemory.attach(setup.shared);
    return new StepMember(setup, member, memory, await NetworkRunner.open(setup, member, memory));
  }

  /** Makes this member's part of a step, and returns the losses of its rows. All members must run the same step. */
  async run({ kind, rows, step }: StepTask): Promise<Losses> {
    const { parts, options } = this.#setup;
    const slice = shareOf(rows, this.#member, options.threads);
    gather(this.#memory, parts, slice);
    if (kind === 'loss') return this.#network.loss(slice);
    const losses = await this.#network.train(slice, step);
    this.#barrier.wait();
    updateParameters(this.#memory, { ...this.#setup, member: this.#member }, step);
    updateTables(this.#memory, { ...this.#setup, member: this.#member }, rows, step);
    return losses;
  }

  async release(): Promise<void> {
    await this.#network.release();
  }
}
