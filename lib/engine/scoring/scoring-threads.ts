import type { EncodedChunk } from '../../table/encoded.ts';
import { workerUrl } from '../../workers/entries.ts';
import type { FileDigest } from '../../workers/file-digest.ts';
import { WorkerThread } from '../../workers/worker-thread.ts';
import { packChunk } from './packed-chunk.ts';
import type { ScoringProgram } from './program.ts';
import type { Results, Scorer } from './scorer.ts';
import type { ScoringRequest, ScoringResponse } from './scoring-worker.ts';

/** Bytes of embedding tables that are held in memory where many rows come. */
export const TABLE_BYTES = 512 * 2 ** 20;

/** Worker threads that score chunks at the same time, once they have a model. */
export class ScoringThreads implements Scorer {
  #opened: { readonly folder: string; readonly program: Promise<ScoringProgram> } | null = null;
  readonly #workers: readonly WorkerThread<ScoringRequest, ScoringResponse>[];
  readonly #underWay = new Set<Promise<unknown>>();

  /** Starts the threads, which takes as long as opening a model does. */
  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => new WorkerThread(workerUrl('scoring-worker')));
  }

  /** Returns the digest of a file, which the last thread computes: the first one may read a model meanwhile. */
  async digest(file: string): Promise<FileDigest> {
    return responded(await this.#track(this.#worker(this.#workers.length - 1).request({ file })), 'digest');
  }

  /**
   * Has the first thread read the model of a folder, and then every thread open it, unless they have it already. Returns
   * the model that was read. One that cannot be opened makes the chunks fail.
   */
  open(folder: string): Promise<ScoringProgram> {
    if (this.#opened?.folder === folder) return this.#opened.program;
    const program = this.#track(this.#open(folder));
    program.catch(() => undefined);
    this.#opened = { folder, program };
    return program;
  }

  async #open(folder: string): Promise<ScoringProgram> {
    const threads = this.#workers.length;
    const response = await this.#worker(0).request({ folder, many: { threads, tableBytes: TABLE_BYTES } });
    const program = responded(response, 'program');
    for (const [thread, worker] of this.#workers.entries())
      this.#track(worker.request({ program, threads, thread })).catch(() => undefined);
    return program;
  }

  predict(chunk: EncodedChunk): Promise<Results> {
    return this.#track(this.#predicted(chunk));
  }

  async #predicted(chunk: EncodedChunk): Promise<Results> {
    if (this.#opened === null) throw new RangeError('rows came before their model');
    const { inputs } = await this.#opened.program;
    const packed = packChunk(chunk, inputs);
    // Shared memory stays with both threads.
    const moved = packed.buffer instanceof ArrayBuffer ? [packed.buffer] : [];
    return responded(await this.#leastBusy().request({ chunk: packed }, moved), 'results');
  }

  /** Returns the thread with the fewest requests: others take the processors, too, and hold one thread up more than another. */
  #leastBusy(): WorkerThread<ScoringRequest, ScoringResponse> {
    return this.#workers.reduce((least, worker) => (worker.requests < least.requests ? worker : least));
  }

  #worker(thread: number): WorkerThread<ScoringRequest, ScoringResponse> {
    return this.#workers[thread] as WorkerThread<ScoringRequest, ScoringResponse>;
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

function responded<Name extends keyof ScoringResponse>(
  response: ScoringResponse,
  name: Name,
): NonNullable<ScoringResponse[Name]> {
  const value = response[name];
  if (value === undefined) throw new TypeError(`a scoring thread responded without ${name}`);
  return value;
}
