/** How a command ends: one line that says what is wrong, and an exit code that a script can act on. */
import { DeclarationError } from '../lib/config/declaration-error.ts';
import { EXIT_CODES, type ExitCode } from '../lib/contract/exit-codes.ts';
import { firstLine } from '../lib/table/errors.ts';
import { failureCode } from '../training/failure-code.ts';

export { EXIT_CODES, type ExitCode };

/** Thrown where the command line itself asks for something impossible. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command: its signal aborts at Ctrl-C and SIGTERM (a second one ends the process at once), and what it throws
 * is reported.
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<ExitCode>, json: boolean): Promise<void> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
    process.stderr.write('\nstopping after the work under way (again: at once)\n');
    controller.abort(new InterruptedError());
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    process.exitCode = await work(controller.signal);
  } catch (error) {
    report(error, json);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/**
 * Says what went wrong, on standard error or for `--json` as `{"error": ...}` on standard output, and sets the exit
 * code. With `DEBUG` in the environment an unexpected error comes with its stack.
 */
export function report(error: unknown, json: boolean): void {
  process.exitCode = exitCodeOf(error);
  const name = error instanceof Error ? error.name : 'Error';
  const message = error instanceof DeclarationError ? error.message : firstLine(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: { name, message } })}\n`);
  else process.stderr.write(`entirespace: ${message}\n`);
  if (process.exitCode === EXIT_CODES['unexpected error'] && process.env.DEBUG) console.error(error);
}

/** Ends the process quietly once nobody reads its output, as `| head` does, and with a reason once a disk is full. */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.stderr.write(`entirespace: cannot write to standard output: ${error.code}\n`);
    process.exit(error.code === 'EPIPE' ? EXIT_CODES.success : EXIT_CODES['disk or memory']);
  });
}

/** The reason of an abort by Ctrl-C. */
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
