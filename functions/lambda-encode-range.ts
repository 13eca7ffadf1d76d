/** The Lambda function that encodes ranges of a log: its entry, which AWS calls with messages of the queue of ranges. */
import { randomUUID } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { encodeRange } from '../lib/bundle/fleet/encode-range.ts';
import { RangeProcess } from '../lib/bundle/fleet/range-process.ts';
import { parseRangeMessage } from '../lib/bundle/fleet/records.ts';
import { readEnvironment, text, wholeNumber } from '../lib/config/environment.ts';
import { FUNCTION_MEMORY_MIB } from '../lib/contract/limits.ts';
import { openInbox } from '../lib/queue/open-queue.ts';
import { eachMessage } from '../lib/scoring/handlers/each-message.ts';
import { openTelemetry } from '../lib/scoring/handlers/telemetry.ts';
import { openStore } from '../lib/store/open-store.ts';
import { computeOf } from './compute.ts';
import { handleBatch } from './lambda.ts';
import { emptyFolder, SCRATCH } from './scratch.ts';

// Made by the first invocation, and used by all that follow in the same environment.
let opened: ReturnType<typeof open> | undefined;

/** Encodes the ranges that a batch of messages names, and returns the messages that failed, for SQS to deliver again. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  opened ??= open();
  const { telemetry, ...rest } = opened;
  return handleBatch({ ...telemetry, outbox: null }, { event, context, ...rest });
}

function open() {
  const { BUCKET, RANGES_URL, AWS_LAMBDA_FUNCTION_MEMORY_SIZE } = readEnvironment({
    BUCKET: text,
    RANGES_URL: text,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: wholeNumber(FUNCTION_MEMORY_MIB),
  });
  const telemetry = openTelemetry();
  const store = openStore(BUCKET);
  const scratch = emptyFolder(SCRATCH.models);
  const dependencies = {
    store,
    newWriterId: randomUUID,
    encoder: new RangeProcess({ store, scratch, ...computeOf(AWS_LAMBDA_FUNCTION_MEMORY_SIZE) }),
    scratch: SCRATCH.work,
  };
  return {
    telemetry,
    inbox: openInbox(RANGES_URL),
    handler: eachMessage(telemetry.log, 'range', (body) => encodeRange(dependencies, parseRangeMessage(body))),
  };
}
