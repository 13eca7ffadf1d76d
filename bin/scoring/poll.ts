import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { openEventBus } from '../../lib/queue/event-bridge.ts';
import { queueName } from '../../lib/queue/queue-facts.ts';
import { sqsClient } from '../../lib/queue/sqs-client.ts';
import { EVENT_BUS_PATIENCE } from '../../lib/scoring/handlers/event-outbox.ts';
import { pollQueues } from '../../lib/scoring/local/poll-queues.ts';
import { candidateFiles } from '../../lib/scoring/rows/candidate-files.ts';
import { registryModels } from '../../lib/scoring/rows/registry-models.ts';
import { bucketFolder, openBucket } from '../bucket.ts';
import { stackQueues } from '../stack/stack-queues.ts';
import { type Session, UsageError } from '../terminal/exit.ts';
import { handledLog } from '../terminal/handled-log.ts';
import { printError } from '../terminal/io.ts';
import { type LocalOptions, withModel } from './with-model.ts';

export interface PollOptions extends LocalOptions {
  readonly arrivals?: string;
  readonly shards?: string;
  /** Name of an event bus of EventBridge. */
  readonly eventBus?: string;
  /** Seconds. */
  readonly reconcile: number;
  /** Seconds. */
  readonly retry: number;
  readonly json: boolean;
}

/** Handles the messages of a deployed stack's queues until the signal aborts; what has begun by then is ended. */
export async function poll(options: PollOptions, session: Session): Promise<ExitCode> {
  const { io, signal } = session;
  const { endpoint } = options;
  const store = await openBucket(io, options.bucket, 'write', options);
  if (bucketFolder(store) !== null)
    throw new UsageError(`--poll: expected s3://bucket as --bucket, got ${options.bucket}`);
  const client = sqsClient(options);
  try {
    const queues = await stackQueues(client, options);
    await withModel(store, options, session, async ({ name, loader, loadCurrent, scratch }) => {
      await loadCurrent();
      signal.throwIfAborted();
      if (!options.json)
        printError(io, `polling ${queueName(queues.arrivals.url)} and ${queueName(queues.shards.url)}, until Ctrl-C`);
      await pollQueues({
        client,
        endpoint,
        queues,
        store,
        models: registryModels(store, name),
        files: candidateFiles({ store, models: loader, scratch }),
        scratch,
        log: handledLog(io, options),
        bus:
          options.eventBus === undefined ? null : openEventBus(options.eventBus, { endpoint, ...EVENT_BUS_PATIENCE }),
        reconcileSeconds: options.reconcile,
        retrySeconds: options.retry,
        signal,
      });
    });
  } finally {
    client.destroy();
  }
  return EXIT_CODES.success;
}
