import { SHARE_ENV, type Transferable, Worker } from 'node:worker_threads';
import { errorOfRecord, type RequestMessage, type ResponseMessage } from './messages.ts';
import { Standstill } from './standstill.ts';

/** Milliseconds that the end of the process waits for what its threads are computing. */
const EXIT_LIMIT = 2_000;
const running = new Set<Standstill>();

function stopRunning(): void {
  const end = performance.now() + EXIT_LIMIT;
  for (const thread of running) thread.stop(end - performance.now());
}

interface Pending<Response> {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker thread whose module calls `serveRequests`. An idle one does not keep the process alive. A process that exits
 * while requests are under way waits for them, 2 seconds at most, and drops those that wait.
 *
 *     const worker = new WorkerThread<Question, Answer>(workerUrl('...'));
 *     const answer = await worker.request(question);
 *     await worker.terminate();
 */
export class WorkerThread<Request, Response> {
  readonly #worker: Worker;
  readonly #standstill = new Standstill();
  readonly #pending = new Map<number, Pending<Response>>();
  #count = 0;
  /** Why the thread ended; `null` while it runs. */
  #ended: Error | null = null;

  /** Starts a thread. A module that cannot be loaded makes the first request fail. */
  constructor(module: URL) {
    // The options of this process may be loaders that the bundle of a worker does not need.
    // A native library reads the environment of the process, of which a thread otherwise changes a copy only: what a
    // module sets before it loads one would have no effect.
    this.#worker = new Worker(module, { execArgv: [], env: SHARE_ENV, workerData: this.#standstill.state });
    this.#worker.unref();
    // First of all: what else is done at the exit removes the folders that threads write to.
    if (running.size === 0) process.prependOnceListener('exit', stopRunning);
    running.add(this.#standstill);
    this.#worker.on('message', (message: ResponseMessage<Response>) => this.#settle(message));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('messageerror', (error) => this.#end(error));
    this.#worker.on('exit', (code) =>
      this.#end(new Error(`worker thread of ${module.pathname} ended with exit code ${code} before it responded`)),
    );
  }

  /**
   * Sends a request and returns the response. Several requests may be under way at once.
   * @param transfer buffers of the request that are moved to the worker instead of copied
   * @throws {Error} what was thrown in the worker, or, here and for every later request, why the worker ended.
   */
  request(request: Request, transfer: readonly Transferable[] = []): Promise<Response> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const message: RequestMessage<Request> = { number: this.#count, request };
    this.#worker.postMessage(message, [...transfer]);
    this.#count += 1;
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#pending.set(message.number, { resolve, reject }));
  }

  /** Number of requests that are under way. */
  get requests(): number {
    return this.#pending.size;
  }

  /** Ends the thread, even in the middle of a request, and waits until it has ended. */
  async terminate(): Promise<void> {
    this.#end(new Error('worker thread was terminated before it responded'));
    await this.#worker.terminate();
  }

  #settle(message: ResponseMessage<Response>): void {
    const pending = this.#pending.get(message.number);
    this.#pending.delete(message.number);
    // A thread that is being ended keeps the process alive until it has ended, whatever it still responds.
    if (this.#pending.size === 0 && this.#ended === null) this.#worker.unref();
    if ('error' in message) pending?.reject(errorOfRecord(message.error));
    else pending?.resolve(message.response);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    running.delete(this.#standstill);
    if (running.size === 0) process.off('exit', stopRunning);
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
