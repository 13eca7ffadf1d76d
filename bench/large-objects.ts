/**
 * An HTTP server in front of an emulator, which adds objects that are too large to be stored: it computes their bytes.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type RepeatedObject, readRepeated, sizeOfRepeated } from '../test/store/repeated-object.ts';

/** The server. */
export interface LargeObjects {
  readonly endpoint: string;
  /** Version id of each large object, which has one version only. */
  readonly versionId: string;
  /** Adds a large object under a path: `/bucket/key`. */
  add(path: string, object: RepeatedObject): void;
  /** Returns the traffic since the last call. */
  take(): Traffic;
  stop(): Promise<void>;
}

/** Requests that were made of the server. */
export interface Traffic {
  /** Number of requests for large objects. */
  readonly reads: number;
  /** Number of bytes of large objects that were sent. */
  readonly bytes: number;
  /** Number of all other requests, by what they do. */
  readonly others: Readonly<Record<string, number>>;
}

/** Starts the server. Requests for anything but large objects are passed on to the emulator at `target`. */
export async function startLargeObjects(target: string): Promise<LargeObjects> {
  const versionId = 'large';
  const objects = new Map<string, RepeatedObject>();
  let traffic = { reads: 0, bytes: 0, others: {} as Record<string, number> };

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname } = new URL(incoming.url ?? '', target);
    const object = objects.get(decodeURIComponent(pathname));
    if (object === undefined) {
      const name = nameOf(incoming);
      traffic.others[name] = (traffic.others[name] ?? 0) + 1;
      return passOn(target, incoming, outgoing);
    }
    traffic.reads += 1;
    const size = sizeOfRepeated(object);
    const headers = { etag: '"large"', 'x-amz-version-id': versionId, 'accept-ranges': 'bytes' };
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(incoming.headers.range ?? '') ?? [];
    if (incoming.method === 'HEAD') outgoing.writeHead(200, { ...headers, 'content-length': size }).end();
    else if (start === undefined || Number(start) >= size) outgoing.writeHead(416, headers).end();
    else {
      const bytes = readRepeated(object, { start: Number(start), end: Number(last) + 1 });
      traffic.bytes += bytes.length;
      const range = `bytes ${start}-${Number(start) + bytes.length - 1}/${size}`;
      outgoing.writeHead(206, { ...headers, 'content-length': bytes.length, 'content-range': range }).end(bytes);
    }
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    versionId,
    add: (path, object) => void objects.set(path, object),
    take() {
      const taken = traffic;
      traffic = { reads: 0, bytes: 0, others: {} };
      return taken;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Returns a name for what a request does: `SendMessageBatch`, `PUT parts`, `GET receipts`. */
function nameOf({ method, url = '', headers }: IncomingMessage): string {
  const action = headers['x-amz-target'];
  if (typeof action === 'string') return action.slice(action.indexOf('.') + 1);
  const [path = '', search = ''] = url.split('?');
  if (search.includes('list-type') || search.includes('versions')) return 'LIST';
  const name = /\/(parts|receipts|pieces|rejects|scores|models|_state)\//.exec(path)?.[1];
  return `${method} ${name ?? path.slice(path.lastIndexOf('/') + 1)}`;
}

async function passOn(target: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method, headers } = incoming;
  const forwarded = request(new URL(incoming.url ?? '', target), { method, headers, agent: false });
  const [[response]] = (await Promise.all([once(forwarded, 'response'), pipeline(incoming, forwarded)])) as [
    [IncomingMessage],
    unknown,
  ];
  outgoing.writeHead(response.statusCode ?? 502, response.headers);
  await pipeline(response, outgoing);
}
