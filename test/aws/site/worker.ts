/**
 * A process that scores as the Lambdas do: the real handlers, polling both queues. Its only argument is its options in
 * JSON. It prints a line for each step that it has completed, kills itself where the options say so, and ends at
 * SIGTERM after the batches under way.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pollQueue } from '../../../lib/queue/poller.ts';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsQueue } from '../../../lib/queue/sqs-queue.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import { addSteps, type Step, withSteps } from './steps.ts';

export interface WorkerOptions {
  readonly endpoint: string;
  readonly bucket: string;
  readonly model: string;
  /** Pairs of queues, all of which it polls. */
  readonly queues: readonly { readonly arrivals: string; readonly shards: string }[];
  readonly shardRows: number;
  /** Arrivals that are received at once. */
  readonly batchSize: number;
  /** Whether each message to the shards queue is sent twice. */
  readonly sendTwice: boolean;
  /** An empty folder. */
  readonly scratch: string;
  /** The step at which it kills itself. */
  readonly kill: Kill | null;
}

/** The nth step of that name, or of any name. */
export interface Kill extends Omit<Step, 'name'> {
  readonly name: string | null;
  readonly nth: number;
}

// The longest time without a byte; requests for messages wait for a second.
const IDLE_MS = 3_000;
const WAIT_SECONDS = 1;

const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions;
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
await work(options, stopping.signal);

async function work(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { bucket, model, queues, shardRows, batchSize, sendTwice, kill } = options;
  const connection = { endpoint: options.endpoint, idleMs: IDLE_MS };
  const onStep = killer(kill);
  const store = withSteps(s3Store({ ...connection, bucket }), onStep);
  const scratch = join(options.scratch, 'work');
  mkdirSync(scratch, { recursive: true });
  const loader = new ModelLoader(store, { scratch: options.scratch, threads: 1, memoryLimitMiB: 256 });
  const files = candidateFiles({ store, models: loader, scratch, shardRows });
  const log = {
    info: () => undefined,
    error: (message: string, { error }: { error?: unknown }) => tell(message, error),
  };
  const common = { store, newWriterId: randomUUID, now: () => new Date(), files, scratch, log };

  await Promise.all(
    queues.flatMap(({ arrivals, shards }) => {
      const clientOf = (queue: string) => {
        const client = sqsClient(connection);
        addSteps(
          client,
          { SendMessageBatchCommand: 'send', DeleteMessageBatchCommand: `delete from ${queue}` },
          onStep,
        );
        return client;
      };
      const sending = sqsQueue(clientOf('arrivals'), shards);
      const sent = sendTwice ? { send: (bodies: readonly string[]) => sending.send([...bodies, ...bodies]) } : sending;
      const models = registryModels(store, model);
      const planning = planShardsHandler({
        ...common,
        models,
        shards: sent,
        inOneGo: { files, scratch, hasTime: () => true },
      });
      const polling = { signal, waitSeconds: WAIT_SECONDS, onError: (error: Error) => tell('batch failed', error) };
      return [
        pollQueue({ ...polling, client: clientOf('arrivals'), queueUrl: arrivals, handler: planning, batchSize }),
        pollQueue({ ...polling, client: clientOf('shards'), queueUrl: shards, handler: scoreShardHandler(common) }),
      ];
    }),
  );
  await loader.release();
}

/** Prints every step that has ended, and kills this process at the one that was asked for. */
function killer(kill: Kill | null): (step: Step) => void {
  let met = 0;
  return ({ when, name }) => {
    if (when === 'after') writeSync(1, `${name}\n`);
    if (kill === null || when !== kill.when || (kill.name !== null && name !== kill.name)) return;
    met += 1;
    if (met < kill.nth) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal takes a moment; nothing may run until then.
    for (;;);
  };
}

function tell(message: string, error: unknown): void {
  writeSync(2, `${message}: ${error instanceof Error ? error.message : error}\n`);
}
