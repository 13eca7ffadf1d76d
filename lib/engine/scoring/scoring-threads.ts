import type { EncodedChunk } from '../../table/encoded.ts';
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import { packChunk } from './packed-chunk.ts';
import type { ScoringProgram } from './program.ts';
import type { Results, Scorer } from './scorer.ts';
import type { ScoringRequest, ScoringResponse } from './scoring-worker.ts';

/** Worker threads that score chunks at the same time, once they have a model. */
export class ScoringThreads implements Scorer {
  #program: Promise<ScoringProgram> | null = null;
  readonly #workers: readonly WorkerThread<ScoringRequest, ScoringResponse>[];
  readonly #underWay = new Set<Promise<unknown>>();
  #next = 0;

  /** Starts the threads, which takes as long as opening a model does. */
  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => new WorkerThread(workerUrl('scoring-worker')));
  }

  /** Has every thread open a model. One that cannot be opened makes the chunks fail. */
  open(program: ScoringProgram | Promise<ScoringProgram>): void {
    this.#program = this.#track(this.#opened(program));
    this.#program.catch(() => undefined);
  }

  async #opened(given: ScoringProgram | Promise<ScoringProgram>): Promise<ScoringProgram> {
    const program = await given;
    const threads = this.#workers.length;
    for (const [thread, worker] of this.#workers.entries())
      this.#track(worker.request({ program, threads, thread })).catch(() => undefined);
    return program;
  }

  predict(chunk: EncodedChunk): Promise<Results> {
    return this.#track(this.#predicted(chunk));
  }

  async #predicted(chunk: EncodedChunk): Promise<Results> {
    if (this.#program === null) throw new RangeError('rows came before their model');
    const { inputs } = await this.#program;
    const worker = this.#workers[this.#next] as WorkerThread<ScoringRequest, ScoringResponse>;
    this.#next = (this.#next + 1) % this.#workers.length;
    const packed = packChunk(chunk, inputs);
    // Shared memory stays with both threads.
    return worker.request({ chunk: packed }, packed.buffer instanceof ArrayBuffer ? [packed.buffer] : []);
  }

  /** Ends the threads once they have ended what they do: onnxruntime ends the process where a thread ends in a run. */
  async release(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #track<Response>(request: Promise<Response>): Promise<Response> {
    this.#underWay.add(request);
    const ended = () => this.#underWay.delete(request);
    request.then(ended, ended);
    return request;
  }
}
