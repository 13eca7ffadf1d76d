import type { DataErrorCode } from '../table/errors.ts';

/** Thrown where scoring cannot go on: the message is tried again, and then kept as a dead letter. */
export class ScoringError extends Error {
  override readonly name: string = 'ScoringError';
}

/** Why a candidate file can never be scored, as a code for programs. */
export type CandidateFileReason = DataErrorCode | 'source_version_gone' | 'feature_version_gone';

/** Why a file fails, as a code for programs: it can never be scored, or its shards failed or do not add up. */
export type FailureReason =
  | CandidateFileReason
  | 'too_many_rejects'
  | 'too_many_unknown'
  | 'too_many_missing'
  | 'row_counts'
  | 'retries_exhausted';

/** The reason of a failure as it is recorded; a `CandidateFileError` is one. */
export interface FailureCause {
  readonly reason: FailureReason;
  /** One plain sentence. */
  readonly message: string;
  /** Numbers behind the reason, where it has any. */
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Thrown where a candidate file can never be scored: wrong columns, cut off, not what its name says, gone. Its message
 * is not tried again; the file ends in `_FAILED.json` with this reason.
 */
export class CandidateFileError extends ScoringError {
  override readonly name = 'CandidateFileError';
  constructor(
    readonly reason: CandidateFileReason,
    message: string,
    /** Numbers behind the reason, where it has any. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Thrown where the body of a message is not what the queue should hold. */
export class MessageError extends ScoringError {
  override readonly name = 'MessageError';
}
