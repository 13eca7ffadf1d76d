/** Worker threads that each train one model at a time. What they compute does not depend on how many there are. */
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import type { WorkerRequest } from './compare-worker.ts';
import type { RunScores } from './run.ts';
import type { StoredLog } from './train-run.ts';

type RunRequest = Extract<WorkerRequest, { readonly kind: 'model' | 'stage' }>;
type RunThread = WorkerThread<WorkerRequest, RunScores | null>;

/** Threads with a log; ended by `close`. */
export class RunThreads {
  readonly #log: StoredLog;
  readonly #idle: RunThread[] = [];
  readonly #all: RunThread[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(log: StoredLog) {
    this.#log = log;
  }

  /** Trains in an idle thread, or in a new one if there is none. */
  async run(request: RunRequest): Promise<RunScores> {
    const thread = this.#idle.pop() ?? this.#start();
    const response = thread.request(request);
    this.#underWay.add(response);
    try {
      return (await response) as RunScores;
    } finally {
      this.#underWay.delete(response);
      this.#idle.push(thread);
    }
  }

  /** Ends the runs under way after their steps; they throw then. */
  stop(): void {
    // A thread that has ended has nothing to stop.
    for (const thread of this.#all) thread.request({ kind: 'stop' }).catch(() => undefined);
  }

  /** Ends all threads. A thread in the midst of a step would take the process with it, so the step is waited for. */
  async close(): Promise<void> {
    this.stop();
    await Promise.allSettled(this.#underWay);
    await Promise.all(this.#all.map((thread) => thread.terminate()));
  }

  /** Starts a thread, whose requests it serves once it has the log. */
  #start(): RunThread {
    const thread: RunThread = new WorkerThread(workerUrl('compare-worker'));
    this.#all.push(thread);
    // Why a thread cannot be opened is thrown by its first run, too.
    thread.request({ kind: 'open', log: this.#log }).catch(() => undefined);
    return thread;
  }
}
