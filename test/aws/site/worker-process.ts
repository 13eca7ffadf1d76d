/** Starts and ends processes of `worker.ts`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { LAMBDA_PACKAGES } from '../../../scripts/bundle-functions.ts';
import type { WorkerOptions } from './worker.ts';

export interface WorkerProcess {
  /** How the process ended; never rejects. */
  readonly ended: Promise<{
    readonly signal: string | null;
    readonly steps: readonly string[];
    readonly errors: string;
  }>;
  /** Ends it after the batches under way. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

export interface WorkerProgram {
  start(options: Omit<WorkerOptions, 'scratch'>): Promise<WorkerProcess>;
  remove(): Promise<void>;
}

/** Bundles the worker once, for its processes to start fast. */
export async function buildWorker(): Promise<WorkerProgram> {
  // Below the repository, so that the bundle finds the two native packages.
  const parent = resolve('.entirespace');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'worker-'));
  const program = join(folder, 'worker.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: [...LAMBDA_PACKAGES],
    // CommonJS packages in the bundle load Node.js's own modules by `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  // What a bundle finds beside it. The package file makes the thread's module CommonJS, as it is in the asset.
  for (const name of ['parts.wasm', 'gather-rows.wasm', 'scoring-worker.js', 'package.json'])
    await copyFile(join('dist/functions', name), join(folder, name));
  return {
    async start(options) {
      const scratch = await mkdtemp(join(folder, 'scratch-'));
      const argument = JSON.stringify({ ...options, scratch } satisfies WorkerOptions);
      const child = spawn(process.execPath, [program, argument], { stdio: ['ignore', 'pipe', 'pipe'] });
      const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
      const ended = once(child, 'exit').then(async ([, signal]) => {
        const [steps, errors] = await outputs;
        await rm(scratch, { recursive: true, force: true });
        return { signal: signal as string | null, steps: steps.split('\n').slice(0, -1), errors };
      });
      return { ended, stop: () => void child.kill('SIGTERM'), kill: () => void child.kill('SIGKILL') };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
