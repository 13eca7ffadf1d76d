import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { BatchHandler } from '../../lib/queue/in-process-queue.ts';
import { openInbox, openQueue } from '../../lib/queue/open-queue.ts';
import { pollQueue } from '../../lib/queue/poller.ts';
import { queueName } from '../../lib/queue/queue-facts.ts';
import { sqsClient } from '../../lib/queue/sqs-client.ts';
import { planShardsHandler } from '../../lib/scoring/handlers/plan-shards.ts';
import { reconcileHandler } from '../../lib/scoring/handlers/reconcile.ts';
import { retryingSooner } from '../../lib/scoring/handlers/retry-sooner.ts';
import { scoreShardHandler } from '../../lib/scoring/handlers/score-shard.ts';
import type { CandidateFiles } from '../../lib/scoring/protocol/ports.ts';
import { candidateFiles } from '../../lib/scoring/rows/candidate-files.ts';
import { registryModels } from '../../lib/scoring/rows/registry-models.ts';
import { oneAtATime } from '../../lib/store/parallel.ts';
import { bucketFolder, openBucket } from '../bucket.ts';
import { EXIT_CODES, type ExitCode, UsageError } from '../exit.ts';
import { handledLog } from '../handled-log.ts';
import { type LocalOptions, withModel } from '../local-scoring.ts';
import { type StackQueue, stackQueues } from '../stack-queues.ts';

export interface PollCommandOptions extends LocalOptions {
  readonly arrivals?: string;
  readonly shards?: string;
  /** Seconds. */
  readonly reconcile: number;
  /** Seconds. */
  readonly retry: number;
  readonly json: boolean;
}

// As the stack's event source mappings have them.
const BATCH_SIZES = { arrivals: 10, shards: 1 } as const;

/** Handles the messages of a deployed stack's queues until the signal aborts; what has begun then is ended. */
export async function poll(options: PollCommandOptions, signal: AbortSignal): Promise<ExitCode> {
  const store = await openBucket(options.bucket, 'write', options);
  if (bucketFolder(store) !== null)
    throw new UsageError(`--poll: expected s3://bucket as --bucket, got ${options.bucket}`);
  const client = sqsClient(options);
  const { arrivals, shards } = await stackQueues(client, options);
  const log = handledLog(options);
  return withModel(store, options, signal, async ({ name, loader, scratch }) => {
    const files = inTurn(candidateFiles({ store, models: loader, scratch }));
    const dependencies = {
      store,
      newWriterId: randomUUID,
      now: () => new Date(),
      shards: openQueue(shards.url, options),
      models: registryModels(store, name),
      files,
      scratch,
      inOneGo: { files, scratch, hasTime: () => !signal.aborted },
      log,
    };
    const drive =
      ({ url }: StackQueue, handler: BatchHandler, batchSize: number) =>
      (stop: AbortSignal) =>
        pollQueue({
          client,
          queueUrl: url,
          handler: retryingSooner(handler, openInbox(url, options), log, options.retry),
          batchSize,
          signal: stop,
          onError: (error) => log.error('batch failed', { error }),
        });
    const reconcile = reconcileHandler({
      ...dependencies,
      dead: { arrivals: openInbox(arrivals.deadUrl, options), shards: openInbox(shards.deadUrl, options) },
      resendAfterMs: 1.5 * 1000 * shards.visibilitySeconds,
      onOpenFiles: () => undefined,
    });
    if (!options.json)
      process.stderr.write(`polling ${queueName(arrivals.url)} and ${queueName(shards.url)}, until Ctrl-C\n`);
    await together(signal, [
      drive(arrivals, planShardsHandler(dependencies), BATCH_SIZES.arrivals),
      drive(shards, scoreShardHandler(dependencies), BATCH_SIZES.shards),
      (stop) =>
        every(options.reconcile, stop, () => reconcile().catch((error) => log.error('reconcile failed', { error }))),
    ]);
    return EXIT_CODES.success;
  });
}

/** The same work, one thing at a time: threads and memory are meant for one, and models in use are not released. */
function inTurn(files: CandidateFiles): CandidateFiles {
  const turn = oneAtATime();
  return {
    plan: (file, model) => turn(() => files.plan(file, model)),
    scoreShard: (request) => turn(() => files.scoreShard(request)),
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
