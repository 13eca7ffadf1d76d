/** Which exit code stands for which error. */
import { DeclarationError } from '../lib/config/declaration-error.ts';
import { NotEnoughMemoryError } from '../lib/config/machine.ts';
import { EXIT_CODES, type ExitCode } from '../lib/contract/exit-codes.ts';
import {
  ForeseenRefusalError,
  ModelCorruptedError,
  NoRoomForVersionError,
  RefusedVersionError,
  VersionNotFoundError,
} from '../lib/registry/errors.ts';
import { CandidateFileError } from '../lib/scoring/errors.ts';
import { InvalidRecordError } from '../lib/store/records.ts';
import { DataError, EncoderMismatchError } from '../lib/table/errors.ts';
import { ProcessEndedError } from '../lib/workers/worker-process.ts';

/** The exit code of what a piece of work threw. */
export function failureCode(error: unknown): ExitCode {
  if (error instanceof DeclarationError) return EXIT_CODES['bad declaration'];
  if (error instanceof RefusedVersionError || error instanceof ForeseenRefusalError) return EXIT_CODES['not promoted'];
  if (error instanceof DataError || error instanceof CandidateFileError) return EXIT_CODES['bad data'];
  if (
    error instanceof ModelCorruptedError ||
    error instanceof VersionNotFoundError ||
    isOfRecord(error) ||
    error instanceof EncoderMismatchError
  ) {
    return EXIT_CODES['bad or missing model'];
  }
  return isOfMachine(error) ? EXIT_CODES['disk or memory'] : EXIT_CODES['unexpected error'];
}

/** Whether a stored record is damaged: one of the registry, or one by which scoring processes agree. */
function isOfRecord(error: unknown): boolean {
  return error instanceof InvalidRecordError || (error instanceof Error && error.cause instanceof InvalidRecordError);
}

/** Whether the operating system refused something, the network aside, or DuckDB for want of disk or memory. */
function isOfMachine(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NotEnoughMemoryError || error instanceof NoRoomForVersionError) return true;
  // A process that gets a signal was mostly ended by the kernel, for want of memory.
  if (error instanceof ProcessEndedError) return error.signal !== null;
  if ('syscall' in error) return !('address' in error || 'hostname' in error);
  return /^(IO|Out of Memory) Error/.test(error.message) || isOfMachine(error.cause);
}
