import { type ProgressMessage, type RequestMessage, type ResponseMessage, recordOfError } from './messages.ts';

/**
 * Makes this process, which must be one that a `WorkerProcess` started, respond to its requests. It ends when that other
 * process does, and leaves it to that one what an interrupt at the terminal, which both receive, means.
 * @throws {Error} in a process that nothing listens to.
 */
export function serveProcess<Request, Response>(
  serve: (request: Request, onProgress: (done: number) => void) => Promise<Response>,
): void {
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error('requests are served in the process of a worker only');
  const respond = (message: ResponseMessage<Response> | ProgressMessage) => {
    // The channel may be closed meanwhile: nobody waits for the response then.
    if (process.connected) send(message, undefined, undefined, () => undefined);
  };
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ number, request }: RequestMessage<Request>) => {
    try {
      respond({ number, response: await serve(request, (done) => respond({ number, done })) });
    } catch (error) {
      respond({ number, error: recordOfError(error) });
    }
  });
}
