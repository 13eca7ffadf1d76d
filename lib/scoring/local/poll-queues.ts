/** The scoring of a deployed stack on this machine: the handlers of its functions, driven by its queues. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { QUEUES, RESEND_AFTER_VISIBILITIES } from '../../contract/limits.ts';
import type { EventBus } from '../../queue/event-bus.ts';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import { openInbox, openQueue } from '../../queue/open-queue.ts';
import { pollQueue } from '../../queue/poller.ts';
import type { SqsClient } from '../../queue/sqs-client.ts';
import { oneAtATime } from '../../store/parallel.ts';
import type { Store } from '../../store/store.ts';
import { eventOutbox, tellingEnds } from '../handlers/event-outbox.ts';
import { tellFiles } from '../handlers/file-events.ts';
import { planShardsHandler } from '../handlers/plan-shards.ts';
import { reconcileHandler } from '../handlers/reconcile.ts';
import { retryingSooner } from '../handlers/retry-sooner.ts';
import { scoreShardHandler } from '../handlers/score-shard.ts';
import type { CandidateFiles, Logger, Models } from '../protocol/ports.ts';

export interface PolledQueue {
  readonly url: string;
  /** URL of the queue of its dead letters. */
  readonly deadUrl: string;
  /** Time for which a received message is hidden from other receivers. */
  readonly visibilitySeconds: number;
}

export interface PollQueuesOptions {
  readonly client: SqsClient;
  /** The endpoint of the queues. @default what the environment or the AWS profile says, or AWS itself */
  readonly endpoint?: string | undefined;
  readonly queues: { readonly arrivals: PolledQueue; readonly shards: PolledQueue };
  readonly store: Store;
  readonly models: Models;
  readonly files: CandidateFiles;
  /** Existing folder for scratch files. */
  readonly scratch: string;
  readonly log: Logger;
  /** Where the ends of files are sent as events; `null` where only the log has them. */
  readonly bus: EventBus | null;
  /** Time from one reconciliation to the next. */
  readonly reconcileSeconds: number;
  /** Time until a failed message is tried again, doubled each time. */
  readonly retrySeconds: number;
  /** Where it aborts, the batches under way are ended and no other begins. */
  readonly signal: AbortSignal;
}

/**
 * Handles the messages of both queues, and reconciles at intervals, until the signal aborts.
 * @throws {Error} where a queue cannot be read.
 */
export async function pollQueues(options: PollQueuesOptions): Promise<void> {
  const { client, queues, store, models, scratch, log, bus, signal } = options;
  const { arrivals, shards } = queues;
  const files = inTurn(options.files);
  const outbox = bus === null ? null : eventOutbox({ store, bus, log });
  const dependencies = {
    store,
    newWriterId: randomUUID,
    onWritten: tellFiles(log),
    ...(outbox && { onEnded: outbox.onEnded }),
    now: () => new Date(),
    shards: openQueue(shards.url, options),
    models,
    files,
    scratch,
    inOneGo: { files, scratch, hasTime: () => !signal.aborted },
    log,
  };
  const drive =
    ({ url }: PolledQueue, handler: BatchHandler, batchSize: number) =>
    (stop: AbortSignal) =>
      pollQueue({
        client,
        queueUrl: url,
        handler: tellingEnds(retryingSooner(handler, openInbox(url, options), log, options.retrySeconds), outbox),
        batchSize,
        signal: stop,
        onError: (error) => log.error('batch failed', { error }),
      });
  const reconcile = reconcileHandler({
    ...dependencies,
    dead: { arrivals: openInbox(arrivals.deadUrl, options), shards: openInbox(shards.deadUrl, options) },
    resendAfterMs: 1000 * RESEND_AFTER_VISIBILITIES * shards.visibilitySeconds,
    onOpenFiles: () => undefined,
  });
  const reconcileOnce = async () => {
    await reconcile().catch((error) => log.error('reconcile failed', { error }));
    await outbox?.flush();
    await outbox?.resend();
  };
  await together(signal, [
    drive(arrivals, planShardsHandler(dependencies), QUEUES.arrivals.batchSize),
    drive(shards, scoreShardHandler(dependencies), QUEUES.shards.batchSize),
    (stop) => every(options.reconcileSeconds, stop, reconcileOnce),
  ]);
}

/**
 * Does the work on one file at a time, since threads and memory suffice for one, and a model in use must stay loaded.
 */
function inTurn(files: CandidateFiles): CandidateFiles {
  const turn = oneAtATime();
  return {
    plan: (file, model) => turn(() => files.plan(file, model)),
    scoreShard: (request) => turn(() => files.scoreShard(request)),
    rankPart: (request) => turn(() => files.rankPart(request)),
  };
}

/** Runs everything until the signal aborts; where one fails, the others are stopped, and its error is thrown. */
async function together(signal: AbortSignal, work: readonly ((stop: AbortSignal) => Promise<void>)[]): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const settled = await Promise.allSettled(
    work.map((run) =>
      run(stop).catch((error) => {
        failed.abort();
        throw error;
      }),
    ),
  );
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}

async function every(seconds: number, stop: AbortSignal, work: () => Promise<unknown>): Promise<void> {
  while (!stop.aborted) {
    await work();
    await setTimeout(1000 * seconds, undefined, { signal: stop }).catch(() => undefined);
  }
}
