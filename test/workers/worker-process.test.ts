import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProcessEndedError, WorkerProcess } from '../../lib/workers/worker-process.ts';
import type { CountRequest } from './count-process.ts';

let bundle: URL;
let worker: WorkerProcess<CountRequest, number>;

beforeAll(async () => {
  const outfile = join(await mkdtemp(join(tmpdir(), 'process-')), 'count-process.mjs');
  const entry = fileURLToPath(new URL('count-process.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
  bundle = pathToFileURL(outfile);
});

describe('a worker process', () => {
  const start = () => {
    worker = new WorkerProcess(bundle, 'the counting process');
    return worker;
  };
  afterEach(() => worker.end());

  it('returns the responses to its requests, and reports their progress before', async () => {
    const done: number[] = [];
    start();
    expect(await worker.request({ kind: 'count', to: 3 }, (count) => done.push(count))).toBe(3);
    expect(done).toEqual([1, 2, 3]);
    expect(await worker.request({ kind: 'pid' })).toBe(worker.pid);
    expect(worker.pid).not.toBe(process.pid);
  });

  it('rejects with what the request threw, and serves the next one', async () => {
    await expect(start().request({ kind: 'fail' })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'rows: got 3, expected 2',
    });
    expect(await worker.request({ kind: 'count', to: 1 })).toBe(1);
  });

  it('rejects every request once it was killed, with the signal', async () => {
    const waiting = start().request({ kind: 'wait' });
    process.kill((await worker.request({ kind: 'pid' })) as number, 'SIGKILL');
    const killed = await waiting.catch((error: unknown) => error);
    expect(killed).toBeInstanceOf(ProcessEndedError);
    expect(killed).toMatchObject({
      signal: 'SIGKILL',
      message: 'the counting process was ended by SIGKILL before it was done',
    });
    await expect(worker.request({ kind: 'pid' })).rejects.toBe(killed);
  });

  it('rejects a request during which it ended by itself, with the exit code', async () => {
    await expect(start().request({ kind: 'exit' })).rejects.toThrow(
      'the counting process ended with exit code 7 before it was done',
    );
  });

  it('does not end at an interrupt of the terminal, and ends when asked to, in the middle of a request', async () => {
    start();
    process.kill((await worker.request({ kind: 'pid' })) as number, 'SIGINT');
    expect(await worker.request({ kind: 'count', to: 1 })).toBe(1);
    const waiting = worker.request({ kind: 'wait' });
    const rejected = expect(waiting).rejects.toThrow('ended with exit code 0 before it was done');
    await worker.end();
    await rejected;
  });
});
