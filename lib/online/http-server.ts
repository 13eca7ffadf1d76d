/** Serves a scorer over HTTP, on a laptop or in a container. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OnlineScorer } from './online-scorer.ts';
import { OnlineService, problem, type ServiceResponse } from './service.ts';

export interface HttpServerOptions {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** 0 for any that is free. @default 8080 */
  readonly port?: number;
  /** Most bytes of a body. @default 10 MiB */
  readonly bodyBytes?: number;
  /** Most requests at once; others are told to come again. @default 512 */
  readonly mostRequests?: number;
  /** Most bytes of the bodies of requests at once. @default 256 MiB */
  readonly mostBytes?: number;
}

/** A server that runs. */
export interface RunningServer {
  readonly url: string;
  readonly service: OnlineService;
  /** Takes no more requests, and waits until those under way have ended. */
  stop(): Promise<void>;
}

const MIB = 2 ** 20;
/** Seconds in which a client must have sent its request. */
const REQUEST_SECONDS = 30;
const RETRY_AFTER_SECONDS = '1';

/** Starts a server. @throws {Error} where the port is taken. */
export async function startServer(scorer: OnlineScorer, options: HttpServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8080, ...limits } = options;
  const requests = new Requests(scorer, limits);
  const server = createServer((request, response) => requests.handle(request, response));
  server.requestTimeout = REQUEST_SECONDS * 1000;
  await listening(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    service: requests.service,
    stop: () => requests.stop(server),
  };
}

/** The requests of a server, of which so many and so large ones are handled at once. */
class Requests {
  readonly service: OnlineService;
  readonly #limits: Required<Pick<HttpServerOptions, 'bodyBytes' | 'mostRequests' | 'mostBytes'>>;
  #count = 0;
  #bytes = 0;
  #isStopping = false;

  constructor(
    scorer: OnlineScorer,
    { bodyBytes = 10 * MIB, mostRequests = 512, mostBytes = 256 * MIB }: HttpServerOptions,
  ) {
    this.service = new OnlineService(scorer, () => this.#count);
    this.#limits = { bodyBytes, mostRequests, mostBytes };
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that hangs up is no failure of the server.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (this.#count >= this.#limits.mostRequests) return this.#refuse(request, response, this.#busy());
    this.#count += 1;
    const body = { chunks: [] as Buffer[], bytes: 0 };
    try {
      const problem = await this.#read(request, body);
      if (request.destroyed && !request.complete) return;
      if (problem !== null) return this.#refuse(request, response, problem);
      const path = (request.url ?? '/').split('?', 1)[0] as string;
      const text = Buffer.concat(body.chunks).toString('utf8');
      this.#send(response, await this.service.respond({ method: request.method ?? 'GET', path, body: text }));
    } finally {
      this.#count -= 1;
      this.#bytes -= body.bytes;
    }
  }

  async stop(server: Server): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    await closed;
  }

  /** Reads the body; returns what is wrong with it, `null` if nothing is. A client that hangs up ends it, too. */
  async #read(
    request: IncomingMessage,
    body: { readonly chunks: Buffer[]; bytes: number },
  ): Promise<ServiceResponse | null> {
    const { bodyBytes, mostBytes } = this.#limits;
    const tooLarge = () => problem(413, `request has more than ${bodyBytes} bytes, expected at most as many`);
    if (Number(request.headers['content-length'] ?? 0) > bodyBytes) return tooLarge();
    try {
      // The connection stays open for the response.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        body.chunks.push(chunk);
        body.bytes += chunk.length;
        this.#bytes += chunk.length;
        if (body.bytes > bodyBytes) return tooLarge();
        if (this.#bytes > mostBytes) return this.#busy();
      }
    } catch {
      return problem(400, 'request was cut off');
    }
    return null;
  }

  #busy(): ServiceResponse {
    return problem(503, `${this.#count} requests are under way, as many as there may be: try again later`);
  }

  /** Responds before the body has been read, which then ends the connection. */
  #refuse(request: IncomingMessage, response: ServerResponse, refusal: ServiceResponse): void {
    this.service.metrics.answered({ path: 'refused', status: refusal.status, seconds: 0 });
    if (!request.complete) response.setHeader('connection', 'close');
    if (refusal.status === 503) response.setHeader('retry-after', RETRY_AFTER_SECONDS);
    this.#send(response, refusal);
    request.resume();
  }

  #send(response: ServerResponse, { status, contentType, body }: ServiceResponse): void {
    if (response.destroyed) return;
    if (this.#isStopping) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
