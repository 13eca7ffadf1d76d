/** How a command ends: with one line about what went wrong, and an exit code that a script can act on. */
import { inspect } from 'node:util';
import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { firstLine, isFullDisk } from '../../lib/table/errors.ts';
import { failureCode } from '../../training/failure-code.ts';
import { type Io, print, printError } from './io.ts';

/** Thrown where the command line asks for something that is not possible. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The means that the program gives to the work of a command. */
export interface Session {
  readonly io: Io;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Runs the work of a command and reports what it throws, as JSON where that is asked for. */
export type Act = (json: boolean, work: (session: Session) => Promise<ExitCode>) => Promise<void>;

/**
 * Runs the work of a command and returns its exit code. At Ctrl-C or SIGTERM the work's signal aborts; a second one
 * ends the process at once. What the work throws is reported.
 */
export async function runWork(io: Io, json: boolean, work: (session: Session) => Promise<ExitCode>): Promise<ExitCode> {
  const controller = new AbortController();
  const { signal } = controller;
  const interrupt = () => {
    if (signal.aborted) return io.exit(EXIT_CODES.interrupted);
    printError(io, '\nstopping after the work under way (again: at once)');
    controller.abort(new InterruptedError());
  };
  io.signals.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work({ io, signal });
  } catch (error) {
    return report(io, json, error);
  } finally {
    io.signals.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/**
 * Prints an error on standard error, or for `--json` as `{"error": ...}` on standard output, and returns its exit code.
 * With `DEBUG` in the environment the stack of an unexpected error is printed as well.
 */
export function report(io: Io, json: boolean, error: unknown): ExitCode {
  const code = exitCodeOf(error);
  const name = error instanceof Error ? error.name : 'Error';
  const message = messageOf(error);
  if (json) print(io, JSON.stringify({ error: { name, message } }));
  else printError(io, `entirespace: ${message}`);
  if (code === EXIT_CODES['unexpected error'] && io.env.DEBUG) printError(io, inspect(error));
  return code;
}

function messageOf(error: unknown): string {
  if (error instanceof DeclarationError) return error.message;
  const message = firstLine(error);
  if (isFullDisk(error) && message.startsWith('cannot write'))
    return `${message} (make room there, or name another place with --bucket)`;
  if (message.startsWith('bad rows cannot be written')) return `${message} (--rejects names another place)`;
  // DuckDB keeps to a limit of its own, so more of it may help where the machine has more.
  return message.startsWith('Out of Memory Error')
    ? `the memory for reading and encoding is too small: raise --memory or lower --threads (${message})`
    : message;
}

/** The reason of an abort by Ctrl-C or SIGTERM. */
class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  constructor() {
    super('interrupted: nothing was published, what was complete before stays');
  }
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InterruptedError) return EXIT_CODES.interrupted;
  if (error instanceof UsageError) return EXIT_CODES.usage;
  return failureCode(error);
}
