import type { SQSBatchItemFailure } from 'aws-lambda';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import { parseArrivals } from '../protocol/events.ts';
import { type PlanResult, planFile } from '../protocol/plan.ts';
import type { Logger, PlanDependencies } from '../protocol/ports.ts';

/** Handles messages of the arrivals queue: plans each candidate file that S3 tells of, and scores it where it is small. Messages that fail are reported one by one. */
export function planShardsHandler(dependencies: PlanDependencies & { readonly log: Logger }): BatchHandler {
  const { log } = dependencies;
  return async ({ Records }) => {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    for (const { messageId, body } of Records) {
      try {
        const files: PlanResult[] = [];
        for (const arrival of parseArrivals(body)) files.push(await planFile(dependencies, arrival));
        log.info('arrival handled', { messageId, files });
      } catch (error) {
        log.error('arrival failed', { messageId, error });
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures };
  };
}
