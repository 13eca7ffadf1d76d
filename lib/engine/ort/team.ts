/** The threads of the engine on onnxruntime. Each has sessions of its own, of one thread. */
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import { Barrier } from '../step/barrier.ts';
import { StepMember } from '../step/member.ts';
import type { StepGraphs } from '../step/step-graph.ts';
import type { Losses, StepSetup, StepTask, Team } from '../step/step-setup.ts';
import { Session } from './session.ts';

/** What the members share, with the traced graphs as ONNX files. It can be sent to other threads. */
export interface TeamSetup extends StepSetup {
  readonly graphs: StepGraphs<Uint8Array>;
}

/** A request to a worker; the first opens its member. */
export type MemberRequest =
  | { readonly kind: 'open'; readonly setup: TeamSetup; readonly member: number }
  | { readonly kind: 'run'; readonly task: StepTask }
  | { readonly kind: 'release' };

/** Opens `options.threads` threads; a single one is the thread that calls. */
export async function openTeam(setup: TeamSetup): Promise<Team> {
  return setup.options.threads === 1 ? openMember(setup, 0) : WorkerTeam.open(setup);
}

/** Opens the member of that number, from 0, in this thread. */
export async function openMember({ graphs, ...setup }: TeamSetup, member: number): Promise<StepMember> {
  const open = (graph: Uint8Array) => Session.open(graph, { threads: 1 });
  const [step, loss] = [await open(graphs.step), await open(graphs.loss)];
  return StepMember.open(setup, member, { step, loss, shared: graphs.shared && (await open(graphs.shared)) });
}

class WorkerTeam implements Team {
  readonly #workers: readonly WorkerThread<MemberRequest, Losses>[];
  readonly #losses: readonly string[];
  readonly #barrier: Barrier;
  #hasFailed = false;

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
    if (!this.#hasFailed) await this.#all(() => ({ kind: 'release' }));
    await this.#terminate();
  }

  /**
   * Returns the responses of all workers. If one fails, all are ended, but only when none is in the middle of a run: a
   * thread that is ended inside onnxruntime ends the process with it.
   */
  async #all(request: (member: number) => MemberRequest): Promise<Losses[]> {
    const responses = this.#workers.map((worker, member) => worker.request(request(member)));
    try {
      return await Promise.all(responses);
    } catch (error) {
      this.#hasFailed = true;
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
