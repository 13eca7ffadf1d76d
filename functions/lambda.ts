/** Code that the Lambda functions share: the parts that are made once, and the handling of a batch of messages. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { number, readEnvironment, text } from '../lib/config/environment.ts';
import { SHARD_SECONDS } from '../lib/contract/limits.ts';
import { openEventBus } from '../lib/queue/event-bridge.ts';
import type { BatchHandler } from '../lib/queue/in-process-queue.ts';
import type { Inbox } from '../lib/queue/sqs-inbox.ts';
import {
  EVENT_BUS_PATIENCE,
  type EventOutbox,
  eventOutbox,
  tellingEnds,
} from '../lib/scoring/handlers/event-outbox.ts';
import { tellFiles } from '../lib/scoring/handlers/file-events.ts';
import { retryingSooner } from '../lib/scoring/handlers/retry-sooner.ts';
import { countFiles, countingRows, openTelemetry, type Telemetry } from '../lib/scoring/handlers/telemetry.ts';
import { withinTime } from '../lib/scoring/handlers/within-time.ts';
import type { CandidateFiles, ScoringDependencies } from '../lib/scoring/protocol/ports.ts';
import { openStore } from '../lib/store/open-store.ts';
import { modelProcess } from './model-process.ts';
import { emptyFolder, SCRATCH } from './scratch.ts';

/** Telemetry, and where the ends of files are told. */
export interface Told extends Telemetry {
  /** `null` where nobody is told. */
  readonly outbox: EventOutbox | null;
}

/** The store and the means that every step of scoring needs, with a logger, metrics and events. */
export interface Lambda extends ScoringDependencies, Told {}

// Share of an invocation that a message may need: a gzip file of the largest size takes more than a minute to plan. An
// invocation that is cut off hides its whole batch for half an hour, and costs each of its messages a try.
const NEEDED_SHARE = 0.5;

export function openLambda(): Lambda {
  const { BUCKET, EVENT_BUS, USD_PER_SECOND, PRICES } = readEnvironment({
    BUCKET: text,
    EVENT_BUS: text.optional(),
    USD_PER_SECOND: number({ least: 0, most: 1 }).optional(),
    PRICES: text.optional(),
  });
  const telemetry = openTelemetry();
  const count = countFiles(telemetry.metrics);
  const tell = tellFiles(telemetry.log);
  const onWritten: Lambda['onWritten'] = (put) => {
    count(put);
    tell(put);
  };
  const price =
    USD_PER_SECOND === undefined || PRICES === undefined ? null : { usdPerSecond: USD_PER_SECOND, prices: PRICES };
  const store = openStore(BUCKET);
  const { log } = telemetry;
  const outbox =
    EVENT_BUS === undefined ? null : eventOutbox({ store, bus: openEventBus(EVENT_BUS, EVENT_BUS_PATIENCE), log });
  return {
    ...telemetry,
    store,
    newWriterId: randomUUID,
    onWritten,
    ...(outbox && { onEnded: outbox.onEnded }),
    outbox,
    now: () => new Date(),
    price,
  };
}

/** Opens the process that does the work on rows, whose code is beside this bundle. */
export function openFiles({ log, metrics }: Telemetry): CandidateFiles {
  const { LAMBDA_TASK_ROOT } = readEnvironment({ LAMBDA_TASK_ROOT: text });
  return countingRows(modelProcess(join(LAMBDA_TASK_ROOT, 'model-worker.js'), log), metrics);
}

export interface Batch {
  readonly event: SQSEvent;
  readonly context: Context;
  readonly handler: BatchHandler;
  /** The queue that the batch is from. */
  readonly inbox: Pick<Inbox, 'hide'>;
}

/** Whether a shard that is begun now ends before the invocation is cut off. */
export function hasTimeForShard(context: Pick<Context, 'getRemainingTimeInMillis'>): boolean {
  return context.getRemainingTimeInMillis() >= 1000 * SHARD_SECONDS;
}

/** Handles a batch within the time of its invocation, has failed messages delivered again soon, and sends events. */
export async function handleBatch({ log, metrics, outbox }: Told, batch: Batch): Promise<SQSBatchResponse> {
  const { event, context, handler, inbox } = batch;
  log.addContext(context);
  emptyFolder(SCRATCH.work);
  try {
    const remainingMs = () => context.getRemainingTimeInMillis();
    const time = { remainingMs, neededMs: NEEDED_SHARE * remainingMs() };
    return await tellingEnds(retryingSooner(withinTime(handler, time, log), inbox, log), outbox)(event);
  } finally {
    emptyFolder(SCRATCH.work);
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  }
}
