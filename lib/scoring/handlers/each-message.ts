import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSRecord } from 'aws-lambda';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import type { Logger } from '../protocol/ports.ts';

type Details = Parameters<Logger['info']>[1];

// A batch of which every message failed is no error of the function: each message counts its own tries.
const OPTIONS = { processInParallel: false, throwOnFullBatchFailure: false } as const;

/**
 * A handler of batches that handles one message after another. Each leaves a line, `<what> handled` with what `handle`
 * returns or `<what> failed` with its error; those that failed are reported one by one.
 */
export function eachMessage(log: Logger, what: string, handle: (body: string) => Promise<Details>): BatchHandler {
  const handleLogged = async ({ messageId, body }: SQSRecord): Promise<void> => {
    try {
      log.info(`${what} handled`, { messageId, ...(await handle(body)) });
    } catch (error) {
      log.error(`${what} failed`, { messageId, error });
      throw error;
    }
  };
  // A processor holds the state of one batch, and a process may handle several at once.
  return (event) => processPartialResponse(event, handleLogged, new BatchProcessor(EventType.SQS), OPTIONS);
}
