/** The Lambda function that scores shards: its entry, which AWS calls with messages of the queue of shards. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEnvironment, text } from '../lib/config/environment.ts';
import { openInbox } from '../lib/queue/open-queue.ts';
import { scoreShardHandler } from '../lib/scoring/handlers/score-shard.ts';
import { handleBatch, openFiles, openLambda } from './lambda.ts';
import { SCRATCH } from './scratch.ts';

// Made by the first invocation, and used by all that follow in the same environment.
let opened: ReturnType<typeof open> | undefined;

/** Scores the shards that a batch of messages names, and returns the messages that failed, for SQS to deliver again. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  opened ??= open();
  return handleBatch(opened.lambda, { event, context, ...opened });
}

/** Makes the parts that do not depend on an invocation: clients, logger, metrics and the handler. */
function open() {
  const { SHARDS_URL } = readEnvironment({ SHARDS_URL: text });
  const lambda = openLambda();
  const files = openFiles(lambda);
  return {
    lambda,
    inbox: openInbox(SHARDS_URL),
    handler: scoreShardHandler({ ...lambda, files, scratch: SCRATCH.work }),
  };
}
