/** What the command needs from the process that runs it. */
import type { EventEmitter } from 'node:events';
import { isAbsolute, join } from 'node:path';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';

/** A stream for text, with what is known of the terminal behind it. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** A stream of what a person types, if it is a terminal. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from; `.` is the working directory of the process. */
  readonly cwd: string;
  /** Emits `SIGINT` and `SIGTERM`. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
  /** Ends the process at once, without waiting for the work under way. */
  readonly exit: (code: ExitCode) => void;
}

/**
 * The streams, environment and signals of this process. The process ends without an error once the reader of its
 * standard output is gone, as with `| head`, and with a message once the disk behind it is full.
 */
export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  const exit = (code: ExitCode) => process.exit(code);
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') stderr.write(`entirespace: cannot write to standard output: ${code}\n`);
    exit(code === 'EPIPE' ? EXIT_CODES.success : EXIT_CODES['disk or memory']);
  });
  return { stdin, stdout, stderr, env, cwd: '.', signals: process, exit };
}

/** Where a path of the command line leads. */
export function pathIn({ cwd }: Pick<Io, 'cwd'>, path: string): string {
  return isAbsolute(path) ? path : join(cwd, path);
}

/** Writes a line, or several, on standard output. */
export function print({ stdout }: Pick<Io, 'stdout'>, text: string): void {
  stdout.write(`${text}\n`);
}

/** Writes a line, or several, on standard error. */
export function printError({ stderr }: Pick<Io, 'stderr'>, text: string): void {
  stderr.write(`${text}\n`);
}

/** Writes a result on standard output: one JSON document where that is asked for, else the text. */
export function printResult(io: Pick<Io, 'stdout'>, json: boolean, document: unknown, text: string): void {
  print(io, json ? JSON.stringify(document) : text);
}
