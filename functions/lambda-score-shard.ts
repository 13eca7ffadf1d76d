import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEnvironment, text } from '../lib/config/environment.ts';
import { openInbox } from '../lib/queue/open-queue.ts';
import { scoreShardHandler } from '../lib/scoring/handlers/score-shard.ts';
import { handleBatch, openFiles, openLambda } from './lambda.ts';
import { SCRATCH } from './scratch.ts';

let opened: ReturnType<typeof open> | undefined;

/** Scores the shards of a batch of the shards queue. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  opened ??= open();
  return handleBatch(opened.lambda, { event, context, ...opened });
}

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
