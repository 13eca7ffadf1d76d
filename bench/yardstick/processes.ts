/** Runs a program to its end, and measures it from outside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setInterval } from 'node:timers';

/** What a program took. */
export interface ProgramRun {
  readonly seconds: number;
  /** Most memory that it had at a time, in MB. */
  readonly peakMb: number;
  readonly stdout: string;
}

const LOOK_EVERY_MS = 50;

/** Runs a program in a folder. @throws {Error} with the end of its standard error, if it fails. */
export async function runProgram(command: string, args: readonly string[], folder: string): Promise<ProgramRun> {
  const started = performance.now();
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let peakMb = 0;
  const watch = setInterval(async () => {
    peakMb = Math.max(peakMb, await peakOf(child.pid));
  }, LOOK_EVERY_MS);
  try {
    const ended = once(child, 'exit');
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr.trim().slice(-500)}`);
    return { seconds, peakMb, stdout };
  } finally {
    clearInterval(watch);
  }
}

/** Runs the product's command, as it is built in `dist/`. */
export function runCommand(args: readonly string[], folder: string): Promise<ProgramRun> {
  return runProgram(process.execPath, [resolve('dist/entirespace.js'), ...args], folder);
}

async function peakOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
