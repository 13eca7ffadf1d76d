import { RETRY_SECONDS } from '../../contract/limits.ts';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import type { Inbox } from '../../queue/sqs-inbox.ts';
import type { Logger } from '../protocol/ports.ts';

/** Seconds until a message that failed is tried again: twice as long each time. */
export function retrySeconds(receiveCount: number, firstSeconds: number = RETRY_SECONDS.first): number {
  return Math.min(RETRY_SECONDS.longest, firstSeconds * 2 ** (receiveCount - 1));
}

/**
 * The same handler, after which the messages that failed come again soon. Otherwise a failed message stays hidden as
 * long as one whose process was killed: half an hour.
 */
export function retryingSooner(
  handler: BatchHandler,
  inbox: Pick<Inbox, 'hide'>,
  log: Pick<Logger, 'error'>,
  firstSeconds: number = RETRY_SECONDS.first,
): BatchHandler {
  return async (event) => {
    const response = await handler(event);
    const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, receiptHandle, attributes } of event.Records) {
      if (!failed.has(messageId)) continue;
      const seconds = retrySeconds(Number(attributes.ApproximateReceiveCount), firstSeconds);
      // A message that cannot be hidden is tried again later; the others must not suffer from it.
      await inbox.hide(receiptHandle, seconds).catch((error) => log.error('retry is late', { messageId, error }));
    }
    return response;
  };
}
