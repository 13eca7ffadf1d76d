/** An HTTP proxy that makes chosen requests fail as a network or a service does. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface SeenRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Fault {
  readonly when: (request: SeenRequest) => boolean;
  /** Which of the matching requests is the first to fail. @default 1 */
  readonly nth?: number;
  /** How many fail from there on. @default 1 */
  readonly times?: number;
  /** Whether the service carries out the request nevertheless. @default false */
  readonly applied?: boolean;
  /** What the client receives: another response, a closed connection, nothing at all, or half of the body. */
  readonly answer: FalseAnswer | 'close' | 'silence' | 'half';
}

/** A response that the service did not send. */
export interface FalseAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Every request so far, including those that failed. */
  readonly requests: readonly SeenRequest[];
  inject(fault: Fault): void;
  stop(): Promise<void>;
}

/** An error as S3 words it. */
export function s3Error(status: number, code: string, message = 'injected'): FalseAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, contentType: 'application/xml', body };
}

/** Starts a proxy before a service that speaks plain HTTP. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const requests: SeenRequest[] = [];
  const faults: { readonly fault: Fault; matched: number }[] = [];

  function faultOf(seen: SeenRequest): Fault | null {
    let due: Fault | null = null;
    for (const entry of faults) {
      if (!entry.fault.when(seen)) continue;
      entry.matched += 1;
      const { nth = 1, times = 1 } = entry.fault;
      if (entry.matched >= nth && entry.matched < nth + times) due ??= entry.fault;
    }
    return due;
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method = '', url = '', headers } = incoming;
    const seen = { method, url, headers };
    requests.push(seen);
    const { applied = false, answer } = faultOf(seen) ?? { answer: 'whole' };
    const isForwarded = applied || answer === 'whole' || answer === 'half';
    const real = isForwarded ? await forward(target, seen, body) : null;
    if (answer === 'close') incoming.socket.destroy();
    else if (typeof answer === 'object') sendFalse(outgoing, method, answer);
    else if (real !== null && answer !== 'silence') sendAnswer(outgoing, real, answer);
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    inject: (fault) => faults.push({ fault, matched: 0 }),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface RealAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function forward(target: string, { method, url, headers }: SeenRequest, body: Buffer): Promise<RealAnswer> {
  const outgoing = request(new URL(url, target), { method, headers, agent: false });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}

function sendAnswer(outgoing: ServerResponse, { status, headers, body }: RealAnswer, part: 'whole' | 'half'): void {
  outgoing.writeHead(status, headers);
  if (part === 'whole') outgoing.end(body);
  else outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
}

function sendFalse(outgoing: ServerResponse, method: string, { status, contentType, body }: FalseAnswer): void {
  outgoing.writeHead(status, { 'content-type': contentType }).end(method === 'HEAD' ? '' : body);
}
