/** Serves a scorer over HTTP, on a laptop or in a container. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { atMost } from '../workers/turns.ts';
import { BODY_BYTES, bodyTooLong } from './body.ts';
import type { OnlineScorer } from './online-scorer.ts';
import { isScoring, OnlineService, problem, type ServiceResponse } from './service.ts';

export interface HttpServerOptions {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** 0 for any that is free. @default 8080 */
  readonly port?: number;
  /** Most bytes of a body, decompressed. @default 10 MiB */
  readonly bodyBytes?: number;
  /** Most requests that have arrived and wait for their scores; others are told to come again. @default 512 */
  readonly mostRequests?: number;
  /** Most bytes of the bodies that are held. @default 256 MiB */
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
/** Longer than the 60 s for which load balancers keep connections, so that it is they who close them. */
const KEEP_ALIVE_SECONDS = 75;
const RETRY_AFTER_SECONDS = '1';
/** Milliseconds for which a server that is stopping takes what clients had sent before they could know. */
const STOPPING_MS = 200;
/** Connections that the kernel accepts before the server does, as far as the machine allows. */
const BACKLOG = 16_384;
/** Requests that are parsed and scored at once: one computes, while another waits for DuckDB or is decompressed. */
const SCORED_AT_ONCE = 2;
/** Most bytes of a refused body that are read, so that the client has read the response before the connection ends. */
const DRAINED_BYTES = 64 * MIB;

/** Starts a server. @throws {Error} where the port is taken. */
export async function startServer(scorer: OnlineScorer, options: HttpServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8080, ...limits } = options;
  const requests = new Requests(scorer, limits);
  const server = createServer((request, response) => requests.handle(request, response));
  server.requestTimeout = REQUEST_SECONDS * 1000;
  server.keepAliveTimeout = KEEP_ALIVE_SECONDS * 1000;
  await listening(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    service: requests.service,
    stop: () => requests.stop(server),
  };
}

/** The requests of a server. So many, and so many bytes of their bodies, are held; the first that came is scored first. */
class Requests {
  readonly service: OnlineService;
  readonly #limits: Required<Pick<HttpServerOptions, 'bodyBytes' | 'mostRequests' | 'mostBytes'>>;
  readonly #inTurn = atMost(SCORED_AT_ONCE);
  /** Refused requests whose bodies are still arriving. */
  readonly #refused = new Set<IncomingMessage>();
  /** Requests whose response is not sent yet, and those of them that have arrived. */
  readonly #count = { open: 0, arrived: 0 };
  #bytes = 0;
  #isStopping = false;

  constructor(
    scorer: OnlineScorer,
    { bodyBytes = BODY_BYTES, mostRequests = 512, mostBytes = 256 * MIB }: HttpServerOptions,
  ) {
    this.service = new OnlineService(scorer, { inFlight: () => this.#count.open, bodyBytes });
    this.#limits = { bodyBytes, mostRequests, mostBytes };
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that hangs up is no failure of the server.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const arrived = performance.now();
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    const method = request.method ?? 'GET';
    // Health is told under any load.
    if (!isScoring(path)) {
      request.resume();
      return this.#send(response, await this.service.respond({ method, path, body: '', arrived }));
    }
    const held = { chunks: [] as Buffer[], bytes: 0 };
    this.#count.open += 1;
    try {
      const refusal = await this.#read(request, held);
      if (refusal !== null) return this.#refuse(request, response, refusal);
      if (this.#count.arrived >= this.#limits.mostRequests) return this.#refuse(request, response, this.#busy());
      this.#count.arrived += 1;
      try {
        await this.#inTurn(async () => {
          // What has arrived meanwhile is read first, so that it is counted, and refused at once where it is too much.
          await setImmediate();
          // Nobody waits any more.
          if (response.destroyed) return;
          const [body, encoding] = [Buffer.concat(held.chunks), request.headers['content-encoding']];
          this.#send(response, await this.service.respond({ method, path, body, encoding, arrived }));
        });
      } finally {
        this.#count.arrived -= 1;
      }
    } finally {
      this.#count.open -= 1;
      this.#bytes -= held.bytes;
    }
  }

  async stop(server: Server): Promise<void> {
    this.#isStopping = true;
    await setTimeout(STOPPING_MS);
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    for (const request of this.#refused) request.destroy();
    await closed;
  }

  /** Reads the body; returns what is wrong with it, `null` if nothing is. A client that hangs up ends it, too. */
  async #read(
    request: IncomingMessage,
    held: { readonly chunks: Buffer[]; bytes: number },
  ): Promise<ServiceResponse | null> {
    const { bodyBytes, mostBytes } = this.#limits;
    if (Number(request.headers['content-length'] ?? 0) > bodyBytes) return tooLong(bodyBytes);
    try {
      // The connection stays open for the response.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        held.chunks.push(chunk);
        held.bytes += chunk.length;
        this.#bytes += chunk.length;
        if (held.bytes > bodyBytes) return tooLong(bodyBytes);
        if (this.#bytes > mostBytes) return this.#busy();
      }
    } catch {
      return problem(400, 'request was cut off');
    }
    return null;
  }

  #busy(): ServiceResponse {
    return problem(503, `${this.#count.arrived} requests are under way, as many as there may be: try again later`);
  }

  /** Responds before the body has been read. The rest of it is read all the same: else the client may lose the response. */
  #refuse(request: IncomingMessage, response: ServerResponse, refusal: ServiceResponse): void {
    this.service.metrics.answered({ path: 'refused', status: refusal.status, seconds: 0 });
    if (refusal.status === 503) response.setHeader('retry-after', RETRY_AFTER_SECONDS);
    this.#send(response, refusal);
    if (request.complete) return;
    let drained = 0;
    this.#refused.add(request);
    request.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > DRAINED_BYTES) request.destroy();
    });
    request.on('close', () => this.#refused.delete(request));
  }

  #send(response: ServerResponse, { status, contentType, body }: ServiceResponse): void {
    if (response.destroyed) return;
    if (this.#isStopping) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
  }
}

function tooLong(bytes: number): ServiceResponse {
  const { status, message } = bodyTooLong(bytes);
  return problem(status, message);
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
