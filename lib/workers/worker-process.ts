/** Work in a process of its own: one that is killed, or that the kernel ends for want of memory, leaves this one alive. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { errorOfRecord, type ProgressMessage, type RequestMessage, type ResponseMessage } from './messages.ts';

/** Thrown where a process ended before it responded. */
export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError';
  constructor(
    process: string,
    /** What ended it; `null` where it ended by itself. */
    readonly signal: string | null,
    exitCode: number | null,
  ) {
    super(
      signal === null
        ? `${process} ended with exit code ${exitCode} before it was done`
        : `${process} was ended by ${signal} before it was done`,
    );
  }
}

interface Pending<Response> {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (done: number) => void;
}

/** Milliseconds that a process has to end by itself. */
const END_LIMIT = 5_000;

/**
 * A process whose module calls `serveProcess`.
 *
 *     const worker = new WorkerProcess<Question, Answer>(workerUrl('...'), 'the process that answers');
 *     const answer = await worker.request(question);
 *     await worker.end();
 */
export class WorkerProcess<Request, Response> {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending<Response>>();
  #count = 0;
  /** Why the process ended; `null` while it runs. */
  #ended: Error | null = null;

  /** Starts a process. @param name what messages call it */
  constructor(module: URL, name: string) {
    // The options of this process may be loaders that the bundle of a worker does not need.
    this.#child = fork(fileURLToPath(module), {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#settle(message as ResponseMessage<Response> | ProgressMessage));
    this.#child.on('error', (error) => this.#end(error));
    this.#child.on('exit', (code, signal) => this.#end(new ProcessEndedError(name, signal, code)));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Sends a request and returns the response. Several requests may be under way at once.
   * @param onProgress called with how many things the process has done
   * @throws {Error} what was thrown in the process.
   * @throws {ProcessEndedError} if it ended.
   */
  request(request: Request, onProgress: (done: number) => void = () => undefined): Promise<Response> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const message: RequestMessage<Request> = { number: this.#count, request };
    this.#count += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(message.number, { resolve, reject, onProgress });
      // A message that cannot be sent goes to a process that has ended, of whose exit this one is told next.
      this.#child.send(message as object, () => undefined);
    });
  }

  /** Ends the process, even in the middle of a request, and waits until it has ended. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exited = once(child, 'exit');
    const killer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(killer);
  }

  #settle(message: ResponseMessage<Response> | ProgressMessage): void {
    const pending = this.#pending.get(message.number);
    if ('done' in message) {
      pending?.onProgress(message.done);
      return;
    }
    this.#pending.delete(message.number);
    if ('error' in message) pending?.reject(errorOfRecord(message.error));
    else pending?.resolve(message.response);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
