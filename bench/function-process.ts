/** The bundled functions, each in a process with the settings of its Lambda. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundleFunctions } from '../scripts/bundle-functions.ts';
import { sqsRecord } from '../test/functions/batch.ts';

export interface FunctionSettings {
  readonly name: 'plan-shards' | 'score-shard';
  /** Existing folder for its scratch files. */
  readonly scratch: string;
  readonly memoryMiB: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** What an invocation took. */
export interface Invocation {
  /** Messages that failed. */
  readonly failures: number;
  readonly milliseconds: number;
  /** Of all its processes together, each at its highest. */
  readonly memoryBytes: number;
  /** Of its scratch folder, at the highest. */
  readonly diskBytes: number;
}

export interface FunctionProcess {
  /** Hands it one batch of messages. */
  invoke(bodies: readonly string[]): Promise<Invocation>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 100;

/** Makes the bundles, gives their folder to the work, and removes it. */
export async function withFunctions<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  // Below the repository, so that the bundles find the two native packages.
  const folder = resolve('.entirespace/bench-functions');
  try {
    await bundleFunctions(folder);
    await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }');
    await copyFile('bench/function-child.cjs', join(folder, 'function-child.cjs'));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a function; it may be handed a batch at once. */
export function startFunction(
  folder: string,
  { name, scratch, memoryMiB, variables }: FunctionSettings,
): FunctionProcess {
  const child = fork(join(folder, 'function-child.cjs'), [name], {
    env: {
      ...process.env,
      TMPDIR: scratch,
      LAMBDA_TASK_ROOT: folder,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMiB),
      POWERTOOLS_SERVICE_NAME: 'bench',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...variables,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    async invoke(bodies) {
      const records = bodies.map((body, index) => sqsRecord(String(index), { body }));
      const started = performance.now();
      const watched = watch(child, scratch);
      child.send({ records, timeoutMs: TIMEOUT_MS });
      const [answer] = (await once(child, 'message')) as [{ readonly failures: number; readonly error?: string }];
      const milliseconds = performance.now() - started;
      if (answer.error !== undefined) throw new Error(`${name} failed: ${answer.error}`);
      return { failures: answer.failures, milliseconds, ...(await watched.end()) };
    },
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Looks at the processes' memory and the folder's disk until it is told to end. */
function watch(child: ChildProcess, scratch: string) {
  const memory = new Map<number, number>();
  let diskBytes = 0;
  let isOver = false;
  async function look(): Promise<void> {
    for (const pid of await familyOf(child.pid ?? 0)) memory.set(pid, await peakMemoryOf(pid, memory.get(pid) ?? 0));
    diskBytes = Math.max(diskBytes, await diskOf(scratch));
  }
  const looking = (async () => {
    for (; !isOver; await delay(LOOK_EVERY_MS)) await look();
  })();
  return {
    async end() {
      isOver = true;
      await looking;
      await look();
      return { memoryBytes: [...memory.values()].reduce((sum, bytes) => sum + bytes, 0), diskBytes };
    },
  };
}

/** A process and those that it started. */
async function familyOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const families = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => familyOf(Number(child))),
  );
  return [pid, ...families.flat()];
}

async function peakMemoryOf(pid: number, before: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.max(before, 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
}

/** Blocks, of which a sparse file has few. */
async function diskOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const facts = await Promise.all(entries.map((entry) => stat(join(folder, entry)).catch(() => null)));
  return facts.reduce((sum, entry) => sum + 512 * (entry?.blocks ?? 0), 0);
}

/** Makes a new, empty folder below another. */
export async function emptyBelow(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await rm(path, { recursive: true, force: true });
  await mkdir(path);
  return path;
}
