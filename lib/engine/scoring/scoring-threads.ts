import type { EncodedChunk } from '../../table/encoded.ts';
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import { packChunk } from './packed-chunk.ts';
import type { ScoringProgram } from './program.ts';
import type { Results, Scorer } from './scorer.ts';
import type { ScoringRequest, ScoringResponse } from './scoring-worker.ts';

/** Worker threads that score chunks at the same time. */
export class ScoringThreads implements Scorer {
  readonly #program: ScoringProgram;
  readonly #workers: readonly WorkerThread<ScoringRequest, ScoringResponse>[];
  readonly #underWay = new Set<Promise<unknown>>();
  #next = 0;

  constructor(program: ScoringProgram, threads: number) {
    this.#program = program;
    this.#workers = Array.from({ length: threads }, () => new WorkerThread(workerUrl('scoring-worker')));
    // A model that cannot be opened makes the chunks fail, too.
    for (const worker of this.#workers) this.#track(worker.request({ program, threads })).catch(() => undefined);
  }

  predict(chunk: EncodedChunk): Promise<Results> {
    const worker = this.#workers[this.#next] as WorkerThread<ScoringRequest, ScoringResponse>;
    this.#next = (this.#next + 1) % this.#workers.length;
    const packed = packChunk(chunk, this.#program.inputs);
    return this.#track(worker.request({ chunk: packed }, [packed.buffer]));
  }

  /** Ends the threads once they have ended what they do: onnxruntime ends the process where a thread ends in a run. */
  async release(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    for (const worker of this.#workers) await worker.terminate();
  }

  #track<Response>(request: Promise<Response>): Promise<Response> {
    this.#underWay.add(request);
    const ended = () => this.#underWay.delete(request);
    request.then(ended, ended);
    return request;
  }
}
