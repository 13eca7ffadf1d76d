/** Worker threads that each train one model at a time. What they compute does not depend on how many there are. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import type { RunRequest, WorkerRequest, WorkerResponse } from './compare-worker.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { OnRunProgress, RunProgress, RunScores } from './run.ts';
import type { StoredLog } from './train-run.ts';

/** A thread, and where it tells how far its run is. */
interface RunThread {
  readonly worker: WorkerThread<WorkerRequest, WorkerResponse>;
  readonly progress: MessagePort;
}

/** Threads with a log, and the memory that they share; ended by `close`. */
export class RunThreads {
  readonly #log: StoredLog;
  readonly #memory: MemoryBudget;
  readonly #idle: RunThread[] = [];
  readonly #all: RunThread[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(log: StoredLog, memory: MemoryBudget) {
    this.#log = log;
    this.#memory = memory;
  }

  /** Trains in an idle thread, or in a new one if there is none, once its memory fits beside that of the others. */
  async run(request: RunRequest, onProgress: OnRunProgress): Promise<RunScores> {
    const thread = this.#idle.pop() ?? this.#start();
    const response = this.#runIn(thread, request, onProgress);
    this.#underWay.add(response);
    try {
      return await response;
    } finally {
      this.#underWay.delete(response);
      this.#idle.push(thread);
    }
  }

  /** Ends the runs under way after their steps; they throw then. */
  stop(): void {
    // A thread that has ended has nothing to stop.
    for (const { worker } of this.#all) worker.request({ kind: 'stop' }).catch(() => undefined);
  }

  /** Ends all threads. A thread in the midst of a step would take the process with it, so the step is waited for. */
  async close(): Promise<void> {
    this.stop();
    await Promise.allSettled(this.#underWay);
    for (const { progress } of this.#all) progress.close();
    await Promise.all(this.#all.map(({ worker }) => worker.terminate()));
  }

  async #runIn({ worker, progress }: RunThread, request: RunRequest, onProgress: OnRunProgress): Promise<RunScores> {
    const bytes = (await worker.request({ kind: 'bytes', of: request })) as number;
    const listener = (message: RunProgress) => onProgress(message);
    progress.on('message', listener);
    progress.unref();
    try {
      return (await this.#memory.run(bytes, () => worker.request(request))) as RunScores;
    } finally {
      progress.off('message', listener);
    }
  }

  /** Starts a thread, whose requests it serves once it has the log. */
  #start(): RunThread {
    const worker = new WorkerThread<WorkerRequest, WorkerResponse>(workerUrl('compare-worker'));
    const { port1: progress, port2 } = new MessageChannel();
    const thread = { worker, progress };
    this.#all.push(thread);
    // Why a thread cannot be opened is thrown by its first run, too.
    worker.request({ kind: 'open', log: this.#log, progress: port2 }, [port2]).catch(() => undefined);
    return thread;
  }
}
