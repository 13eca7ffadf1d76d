/** How processes end, in a way that a script or a state machine can act on. */
import { DeclarationError } from '../lib/config/declaration-error.ts';
import {
  InvalidRecordError,
  ModelCorruptedError,
  RefusedVersionError,
  VersionNotFoundError,
} from '../lib/registry/errors.ts';
import { CandidateFileError } from '../lib/scoring/errors.ts';
import { DataError, EncoderMismatchError } from '../lib/table/errors.ts';

export const EXIT_CODES = {
  success: 0,
  'unexpected error': 1,
  usage: 2,
  'bad declaration': 3,
  'bad data': 4,
  'bad or missing model': 5,
  'disk or memory': 6,
  'refused by the gate': 7,
  interrupted: 130,
} as const;

/** Of a training run in its container, which has more ways to end. */
export const RUN_EXIT_CODES = {
  ...EXIT_CODES,
  /** It trains the model already, or has taken over. */
  'another run': 9,
  /** By SIGTERM, all that was learnt kept: 128 + 15. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** The exit code of what a piece of work threw. */
export function failureCode(error: unknown): ExitCode {
  if (error instanceof DeclarationError) return EXIT_CODES['bad declaration'];
  if (error instanceof RefusedVersionError) return EXIT_CODES['refused by the gate'];
  if (error instanceof DataError || error instanceof CandidateFileError) return EXIT_CODES['bad data'];
  if (
    error instanceof ModelCorruptedError ||
    error instanceof VersionNotFoundError ||
    error instanceof InvalidRecordError ||
    error instanceof EncoderMismatchError
  ) {
    return EXIT_CODES['bad or missing model'];
  }
  return isOfMachine(error) ? EXIT_CODES['disk or memory'] : EXIT_CODES['unexpected error'];
}

/** Whether the operating system refused something, the network aside, or DuckDB for want of disk or memory. */
function isOfMachine(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('syscall' in error) return !('address' in error || 'hostname' in error);
  return /^(IO|Out of Memory) Error/.test(error.message) || isOfMachine(error.cause);
}
