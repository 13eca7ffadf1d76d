/** How a command ends: one line that says what is wrong, and an exit code that a script can act on. */
import { DeclarationError } from '../lib/config/declaration-error.ts';
import { ModelCorruptedError, VersionNotFoundError } from '../lib/registry/errors.ts';
import { CandidateFileError } from '../lib/scoring/errors.ts';
import { DataError, EncoderMismatchError } from '../lib/table/errors.ts';

export const EXIT_CODES = {
  success: 0,
  'unexpected error': 1,
  usage: 2,
  'bad declaration': 3,
  'bad data': 4,
  'bad or missing model': 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Thrown where the command line itself asks for something impossible. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command: its signal aborts at Ctrl-C and SIGTERM (a second one ends the process at once), and what it throws
 * becomes one message on standard error, or `{"error": ...}` on standard output for `--json`.
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
    process.exitCode = exitCodeOf(error);
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (json) process.stdout.write(`${JSON.stringify({ error: { name, message } })}\n`);
    else process.stderr.write(`entirespace: ${message}\n`);
    if (process.exitCode === EXIT_CODES['unexpected error'] && process.env.DEBUG) console.error(error);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
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
  if (error instanceof DeclarationError) return EXIT_CODES['bad declaration'];
  if (error instanceof DataError || error instanceof CandidateFileError) return EXIT_CODES['bad data'];
  if (
    error instanceof ModelCorruptedError ||
    error instanceof VersionNotFoundError ||
    error instanceof EncoderMismatchError
  ) {
    return EXIT_CODES['bad or missing model'];
  }
  return EXIT_CODES['unexpected error'];
}
