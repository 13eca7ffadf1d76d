/** The built command as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { type Outcome, plainOutcome, type Workplace } from '../../bin/workplace.ts';

export const COMMAND = fileURLToPath(new URL('../../../dist/entirespace.js', import.meta.url));

export interface RunningProcess {
  readonly child: ChildProcess;
  readonly done: Promise<Outcome>;
}

export interface Processes {
  /** Starts the command. */
  start(...args: string[]): RunningProcess;
  /** Starts any program. */
  spawn(program: string, ...args: string[]): RunningProcess;
}

/** Starts processes in a workplace; those that a test leaves running are killed. */
export function processes(place: Workplace): Processes {
  const children = new Set<ChildProcess>();
  const start = (program: string, ...args: string[]) => {
    const child = spawn(program, args, {
      cwd: place.at(),
      env: { ...process.env, ...place.environment() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    return { child, done: outcomeOf(child, place.at()) };
  };
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
  });
  return { spawn: start, start: (...args) => start(process.execPath, COMMAND, ...args) };
}

async function outcomeOf(child: ChildProcess, folder: string): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    texts.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    texts.stderr += data;
  });
  const [code] = await once(child, 'close');
  return plainOutcome({ code, ...texts }, folder);
}
