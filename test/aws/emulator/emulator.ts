/** The AWS emulators that tests talk to, each in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** ministack has all that the stack needs; LocalStack has no Lambda without Docker. */
export type EmulatorName = keyof typeof EMULATORS;

export interface Emulator {
  readonly endpoint: string;
  /** The process that started it, whose descendants are the emulator's. */
  readonly pid: number;
  /** The environment by which an AWS client or command finds the emulator. */
  readonly env: Readonly<Record<string, string>>;
  /** The emulator's log so far. */
  log(): Promise<string>;
  /** Ends the emulator with its Lambdas and removes its files; resolves when that is done. */
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../../..');
const SCRIPT = join(ROOT, 'scripts/emulator.sh');
const EMULATORS = {
  ministack: { environment: '.venv-aws', installer: 'scripts/python-env.sh aws', health: '/_ministack/health' },
  localstack: {
    environment: '.venv-localstack',
    installer: 'scripts/localstack-env.sh',
    health: '/_localstack/health',
  },
} as const;
const READY_WITHIN_MS = 60_000;

/**
 * Starts an empty emulator on a free port of 127.0.0.1 and resolves once it responds. It ends when this process does,
 * even if this process is killed.
 * @throws {Error} if it is not installed, or does not start.
 */
export async function startEmulator(name: EmulatorName = 'ministack'): Promise<Emulator> {
  const { environment, installer, health } = EMULATORS[name];
  if (!existsSync(join(ROOT, environment, 'installed')))
    throw new Error(`emulator ${name} is not installed: run ${installer}`);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'emulator-'));
  const endpoint = `http://127.0.0.1:${port}`;
  // The script ends when this pipe closes, which the operating system does even for a process that is killed.
  const script = spawn('bash', [SCRIPT, String(port), folder, name], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(script, 'exit');
  const log = () => readFile(join(folder, 'emulator.log'), 'utf8');
  const stop = async () => {
    script.stdin.end();
    await ended;
  };

  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answers(endpoint + health))) {
    if (script.exitCode === null && Date.now() < deadline) {
      await delay(50);
      continue;
    }
    const ending = script.exitCode === null ? `did not answer in ${READY_WITHIN_MS} ms` : 'ended by itself';
    await stop();
    throw new Error(`emulator on port ${port} ${ending}`);
  }
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  return { endpoint, pid: script.pid ?? 0, env, log, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
