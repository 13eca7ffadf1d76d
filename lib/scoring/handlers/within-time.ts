import type { SQSBatchItemFailure } from 'aws-lambda';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import type { Logger } from '../protocol/ports.ts';

/** The time that is left, and the time that a message may need. */
export interface Time {
  /** Milliseconds until the invocation's timeout. */
  readonly remainingMs: () => number;
  /** Milliseconds that one message may take. */
  readonly neededMs: number;
}

/**
 * Returns the handler, called for one message at a time. Messages for which too little time is left are reported as
 * failed, so that they are delivered again.
 */
export function withinTime(
  handler: BatchHandler,
  { remainingMs, neededMs }: Time,
  log: Pick<Logger, 'info'>,
): BatchHandler {
  return async ({ Records }) => {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    for (const record of Records) {
      const { messageId } = record;
      if (remainingMs() >= neededMs)
        batchItemFailures.push(...(await handler({ Records: [record] })).batchItemFailures);
      else {
        log.info('message given back', { messageId, remainingMs: remainingMs(), neededMs });
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures };
  };
}
