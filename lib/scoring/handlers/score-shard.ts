import type { SQSBatchItemFailure } from 'aws-lambda';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import { parseShardMessage } from '../protocol/messages.ts';
import type { Logger, ScoreDependencies } from '../protocol/ports.ts';
import { scoreShard } from '../protocol/score.ts';

/** Handles messages of the shards queue: scores each shard, and finishes the file with its last. Messages that fail are reported one by one. */
export function scoreShardHandler(dependencies: ScoreDependencies & { readonly log: Logger }): BatchHandler {
  const { log } = dependencies;
  return async ({ Records }) => {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    for (const { messageId, body } of Records) {
      try {
        log.info('shard handled', { messageId, ...(await scoreShard(dependencies, parseShardMessage(body))) });
      } catch (error) {
        log.error('shard failed', { messageId, error });
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures };
  };
}
