import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WORKERS, type WorkerName, workerUrl } from '../../lib/workers/entries.ts';
import { serveRequests } from '../../lib/workers/serve-requests.ts';
import { WorkerThread } from '../../lib/workers/worker-thread.ts';
import type { EchoRequest, EchoResponse } from './echo-worker.ts';

let bundle: URL;
let worker: WorkerThread<EchoRequest, EchoResponse>;

beforeAll(async () => {
  const outfile = join(await mkdtemp(join(tmpdir(), 'worker-')), 'echo-worker.mjs');
  const entry = fileURLToPath(new URL('echo-worker.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
  bundle = pathToFileURL(outfile);
});

describe('a worker thread', () => {
  const start = (): WorkerThread<EchoRequest, EchoResponse> => {
    worker = new WorkerThread(bundle);
    return worker;
  };
  afterEach(() => worker.terminate());

  it('returns the response to a request', async () => {
    expect(await start().request({ kind: 'double', values: Float32Array.of(1, 2.5) })).toEqual(Float32Array.of(2, 5));
  });

  it('has several requests under way, whose responses come in any order', async () => {
    start();
    const ended: EchoResponse[] = [];
    const requests = [30, 1].map(async (milliseconds) =>
      ended.push(await worker.request({ kind: 'after', milliseconds, text: `after ${milliseconds}` })),
    );
    await Promise.all(requests);
    expect(ended).toEqual(['after 1', 'after 30']);
  });

  it('changes the environment of the process, which native libraries read', async () => {
    try {
      await start().request({ kind: 'set', variable: 'ENTIRESPACE_ECHO', value: 'set' });
      expect(process.env.ENTIRESPACE_ECHO).toBe('set');
    } finally {
      delete process.env.ENTIRESPACE_ECHO;
    }
  });

  it('takes over the buffers that are transferred to it', async () => {
    const values = Float32Array.of(4);
    await start().request({ kind: 'double', values }, [values.buffer]);
    expect(values).toHaveLength(0);
  });

  it('rejects with what the request threw, and serves the next one', async () => {
    const error = await start()
      .request({ kind: 'fail' })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'RangeError', message: 'rows: got 3, expected 2' });
    expect((error as Error).stack).toContain('echo-worker.mjs');
    expect(await worker.request({ kind: 'after', milliseconds: 0, text: 'next' })).toBe('next');
  });

  it.each([
    ['exit', (): string => `worker thread of ${bundle.pathname} ended with exit code 7 before it responded`],
    ['crash', (): string => 'a fault outside of any request'],
  ] as const)('rejects every request where the thread ends: %s', async (kind, message) => {
    start();
    const waiting = worker.request({ kind: 'after', milliseconds: 60_000, text: 'never' });
    const ending = worker.request({ kind });
    await expect(waiting).rejects.toThrow(message());
    await expect(ending).rejects.toThrow(message());
    await expect(worker.request({ kind: 'fail' })).rejects.toThrow(message());
  });

  it('can be terminated while it is blocked', async () => {
    const blocked = start().request({ kind: 'block' });
    const failure = expect(blocked).rejects.toThrow('worker thread was terminated before it responded');
    await worker.terminate();
    await failure;
  });

  it('rejects where its module cannot be loaded', async () => {
    worker = new WorkerThread(pathToFileURL(join(tmpdir(), 'no-such-worker.mjs')));
    await expect(worker.request({ kind: 'fail' })).rejects.toThrow('Cannot find module');
  });
});

it('serves requests in a worker only', () => {
  expect(() => serveRequests(() => ({ response: null }))).toThrow(
    'requests are served in a worker thread only, got the main thread',
  );
});

it('finds the bundle of every worker module', () => {
  for (const name of Object.keys(WORKERS) as WorkerName[]) expect(existsSync(workerUrl(name)), name).toBe(true);
});
