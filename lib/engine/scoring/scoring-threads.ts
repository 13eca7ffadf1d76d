import type { EncodedChunk } from '../../table/encoded.ts';
import { workerUrl } from '../../workers/entries.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import { packChunk } from './packed-chunk.ts';
import type { ScoringProgram } from './program.ts';
import type { Scorer } from './scorer.ts';
import type { ScoringRequest, ScoringResponse } from './scoring-worker.ts';

/** Worker threads that score chunks at the same time. */
export class ScoringThreads implements Scorer {
  readonly #program: ScoringProgram;
  readonly #workers: readonly WorkerThread<ScoringRequest, ScoringResponse>[];
  #next = 0;

  constructor(program: ScoringProgram, threads: number) {
    this.#program = program;
    this.#workers = Array.from({ length: threads }, () => new WorkerThread(workerUrl('scoring-worker')));
    // A model that cannot be opened makes the chunks fail, too.
    for (const worker of this.#workers) worker.request({ program, threads }).catch(() => undefined);
  }

  async predict(chunk: EncodedChunk): Promise<Record<string, Float32Array>> {
    const worker = this.#workers[this.#next] as WorkerThread<ScoringRequest, ScoringResponse>;
    this.#next = (this.#next + 1) % this.#workers.length;
    const packed = packChunk(chunk, this.#program.inputs);
    return worker.request({ chunk: packed }, [packed.buffer]);
  }

  async release(): Promise<void> {
    for (const worker of this.#workers) await worker.terminate();
  }
}
