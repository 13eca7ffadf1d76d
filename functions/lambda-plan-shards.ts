import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { registryModels } from '../lib/scoring/registry-models.ts';
import { openInbox, openQueue } from '../lib/store/open-queue.ts';
import { environment } from './environment.ts';
import { handleBatch, openFiles, openLambda } from './lambda.ts';
import { planShardsHandler } from './plan-shards.ts';
import { SCRATCH } from './scratch.ts';

let opened: ReturnType<typeof open> | undefined;

/** Plans the candidate files of a batch of the arrivals queue; those of one shard are scored at once. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  opened ??= open();
  return handleBatch(opened.lambda, { event, context, ...opened });
}

function open() {
  const { ARRIVALS_URL, SHARDS_URL, MODEL_NAME } = environment(['ARRIVALS_URL', 'SHARDS_URL', 'MODEL_NAME']);
  const lambda = openLambda();
  const files = openFiles(lambda);
  const models = registryModels(lambda.store, MODEL_NAME);
  return {
    lambda,
    inbox: openInbox(ARRIVALS_URL),
    handler: planShardsHandler({
      ...lambda,
      models,
      files,
      shards: openQueue(SHARDS_URL),
      inOneGo: { files, scratch: SCRATCH.work },
    }),
  };
}
