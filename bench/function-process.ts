/** Runs the bundled functions, each in a process of its own with the environment that Lambda gives it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sqsRecord } from '../test/functions/batch.ts';

/** Which function to run, and with what. */
export interface FunctionSettings {
  readonly name: 'plan-shards' | 'score-shard';
  /** Existing folder for scratch files. */
  readonly scratch: string;
  readonly memoryMiB: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** What an invocation took. */
export interface Invocation {
  /** Number of messages that failed. */
  readonly failures: number;
  readonly milliseconds: number;
  /** Sum of the peak memory of all processes of the function. */
  readonly memoryBytes: number;
  /** Peak disk space of the scratch folder. */
  readonly diskBytes: number;
}

/** A function that is running. */
export interface FunctionProcess {
  /** Calls the function with one batch of messages. */
  invoke(bodies: readonly string[]): Promise<Invocation>;
  /** Kills the process. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 100;

/** Copies the bundled functions, as they are deployed, to a folder, calls `work` with it, and removes it afterwards. */
export async function withFunctions<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  // The folder is inside the repository, so that the bundles find the two native packages.
  const folder = resolve('.entirespace/bench-functions');
  try {
    await cp('dist/functions', folder, { recursive: true });
    await copyFile('bench/function-child.cjs', join(folder, 'function-child.cjs'));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a function, which can be invoked at once. */
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
      const [reply] = (await once(child, 'message')) as [{ readonly failures: number; readonly error?: string }];
      const milliseconds = performance.now() - started;
      if (reply.error !== undefined) throw new Error(`${name} failed: ${reply.error}`);
      return { failures: reply.failures, milliseconds, ...(await watched.end()) };
    },
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Measures the memory of a process with its children, and the disk space of a folder, until `end` is called. */
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

/** Returns the ids of a process and of all processes that it started. */
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

/** Returns the disk space of a folder. It counts blocks, because a sparse file takes less space than its length. */
async function diskOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const facts = await Promise.all(entries.map((entry) => stat(join(folder, entry)).catch(() => null)));
  return facts.reduce((sum, entry) => sum + 512 * (entry?.blocks ?? 0), 0);
}

/** Makes a new, empty folder inside another, and returns its path. */
export async function emptyBelow(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await rm(path, { recursive: true, force: true });
  await mkdir(path);
  return path;
}
