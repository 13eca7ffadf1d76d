import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEnvironment, text } from '../lib/config/environment.ts';
import { openInbox, openQueue } from '../lib/queue/open-queue.ts';
import { planShardsHandler } from '../lib/scoring/handlers/plan-shards.ts';
import { registryModels } from '../lib/scoring/rows/registry-models.ts';
import { handleBatch, hasTimeForShard, openFiles, openLambda } from './lambda.ts';
import { SCRATCH } from './scratch.ts';

let opened: ReturnType<typeof open> | undefined;

/** Plans the candidate files of a batch of the arrivals queue; small ones are scored at once. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  opened ??= open();
  const { lambda, inbox, files, ...dependencies } = opened;
  const inOneGo = { files, scratch: SCRATCH.work, hasTime: () => hasTimeForShard(context) };
  const handler = planShardsHandler({ ...lambda, ...dependencies, files, inOneGo });
  return handleBatch(lambda, { event, context, handler, inbox });
}

function open() {
  const { ARRIVALS_URL, SHARDS_URL, MODEL_NAME } = readEnvironment({
    ARRIVALS_URL: text,
    SHARDS_URL: text,
    MODEL_NAME: text,
  });
  const lambda = openLambda();
  return {
    lambda,
    inbox: openInbox(ARRIVALS_URL),
    models: registryModels(lambda.store, MODEL_NAME),
    files: openFiles(lambda),
    shards: openQueue(SHARDS_URL),
  };
}
