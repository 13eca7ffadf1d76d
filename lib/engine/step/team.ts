/** The threads of a training engine. */
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import { Barrier } from './barrier.ts';
import { StepMember } from './member.ts';
import type { Losses, StepTask, TeamSetup } from './team-setup.ts';

/** The threads that make the steps together, one step at a time. */
export interface Team {
  /**
   * Makes a step and returns the losses of the batch.
   * @throws {Error} where a thread fails or ends; no later step can be made.
   */
  run(task: StepTask): Promise<Losses>;
  /** Ends the threads. */
  release(): Promise<void>;
}

/** A request to a worker; the first opens its member. */
export type MemberRequest =
  | { readonly kind: 'open'; readonly setup: TeamSetup; readonly member: number }
  | { readonly kind: 'run'; readonly task: StepTask }
  | { readonly kind: 'release' };

/** Opens `options.threads` threads; a single one is the thread that calls. */
export async function openTeam(setup: TeamSetup): Promise<Team> {
  return setup.options.threads === 1 ? StepMember.open(setup, 0) : WorkerTeam.open(setup);
}

class WorkerTeam implements Team {
  readonly #workers: readonly WorkerThread<MemberRequest, Losses>[];
  readonly #losses: readonly string[];
  readonly #barrier: Barrier;
  /** Why the threads were ended; `null` while they run. */
  #failure: unknown = null;

  private constructor(workers: readonly WorkerThread<MemberRequest, Losses>[], { losses, shared, parts }: TeamSetup) {
    this.#workers = workers;
    this.#losses = losses;
    const { offset, length } = parts.barrier;
    this.#barrier = new Barrier(new Int32Array(shared.memory.buffer, offset, length), workers.length);
  }

  static async open(setup: TeamSetup): Promise<WorkerTeam> {
    const workers = Array.from(
      { length: setup.options.threads },
      () => new WorkerThread<MemberRequest, Losses>(workerUrl('training-worker')),
    );
    const team = new WorkerTeam(workers, setup);
    await team.#all((member) => ({ kind: 'open', setup, member }));
    return team;
  }

  async run(task: StepTask): Promise<Losses> {
    const parts = await this.#all(() => ({ kind: 'run', task }));
    return Object.fromEntries(
      this.#losses.map((name) => [name, parts.reduce((sum, losses) => sum + (losses[name] as number), 0)]),
    );
  }

  async release(): Promise<void> {
    // After a failure there is nothing to free, and the failure has been reported.
    if (this.#failure === null) await this.#all(() => ({ kind: 'release' }));
    await this.#terminate();
  }

  /**
   * Returns the responses of all workers. If one fails, all are ended, but only when none is in the middle of a run: a
   * thread that is ended inside onnxruntime ends the process with it.
   */
  async #all(request: (member: number) => MemberRequest): Promise<Losses[]> {
    if (this.#failure !== null) throw this.#failure;
    const responses = this.#workers.map((worker, member) => worker.request(request(member)));
    try {
      return await Promise.all(responses);
    } catch (error) {
      this.#failure = error;
      this.#barrier.break();
      await Promise.allSettled(responses);
      await this.#terminate();
      throw error;
    }
  }

  async #terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
