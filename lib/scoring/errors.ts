/** Thrown where scoring cannot go on: the message is tried again, and then kept as a dead letter. */
export class ScoringError extends Error {
  override readonly name: string = 'ScoringError';
}

/**
 * Thrown where a candidate file can never be scored: wrong columns, cut off, not what its name says, gone. Its message
 * is not tried again; the file ends in `_FAILED.json` with this reason.
 */
export class CandidateFileError extends ScoringError {
  override readonly name = 'CandidateFileError';
  constructor(
    /** Code for programs: `columns_missing`, `source_version_gone` ... */
    readonly reason: string,
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
