import { randomUUID } from 'node:crypto';
import { openInbox, openQueue } from '../../lib/queue/open-queue.ts';
import { redriveDeadLetters } from '../../lib/scoring/handlers/redrive.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';

export interface RedriveOptions extends EndpointOptions {
  readonly bucket: string;
  readonly arrivals: string;
  readonly shards: string;
  readonly arrivalsDead: string;
  readonly shardsDead: string;
  readonly json: boolean;
}

/** Redrives the dead letters of both queues and prints what became of each file. */
export async function redrive(options: RedriveOptions): Promise<ExitCode> {
  const { bucket, json } = options;
  const queue = (url: string) => openQueue(url, options);
  const inbox = (url: string) => openInbox(url, options);
  const files = await redriveDeadLetters({
    store: await openBucket(bucket, 'write', options),
    newWriterId: randomUUID,
    now: () => new Date(),
    queues: { arrivals: queue(options.arrivals), shards: queue(options.shards) },
    dead: { arrivals: inbox(options.arrivalsDead), shards: inbox(options.shardsDead) },
  });
  if (json) process.stdout.write(`${JSON.stringify(files)}\n`);
  else if (files.length === 0) process.stdout.write('no dead letters\n');
  for (const { source, status } of json ? [] : files) process.stdout.write(`${source}: ${status}\n`);
  return EXIT_CODES.success;
}
