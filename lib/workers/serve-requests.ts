import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { type RequestMessage, type ResponseMessage, recordOfError } from './messages.ts';
import { Standstill } from './standstill.ts';

/** The response to a request, and those of its buffers that are moved to the other thread instead of copied. */
export interface Served<Response> {
  readonly response: Response;
  /** @default everything is copied */
  readonly transfer?: readonly Transferable[];
}

/**
 * Makes this thread, which must be a worker, respond to the requests of the thread that started it. Each request is
 * passed to `serve` when it arrives, even while an earlier one is awaited.
 * @throws {Error} on the main thread.
 */
export function serveRequests<Request, Response>(
  serve: (request: Request) => Served<Response> | Promise<Served<Response>>,
): void {
  const port = parentPort;
  if (port === null) throw new Error('requests are served in a worker thread only, got the main thread');
  const standstill = new Standstill(workerData as Int32Array<SharedArrayBuffer>);
  const respond = (message: ResponseMessage<Response>, transfer: readonly Transferable[] = []) =>
    port.postMessage(message, [...transfer]);
  port.on('message', async ({ number, request }: RequestMessage<Request>) => {
    try {
      const { response, transfer } = await standstill.run(() => serve(request));
      respond({ number, response }, transfer);
    } catch (error) {
      respond({ number, error: recordOfError(error) });
    }
  });
}
