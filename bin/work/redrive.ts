import { randomUUID } from 'node:crypto';
import { redriveDeadLetters } from '../../functions/redrive.ts';
import { openInbox, openQueue } from '../../lib/store/open-queue.ts';
import { openBucket } from '../bucket.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';

export interface RedriveOptions {
  readonly bucket: string;
  readonly arrivals: string;
  readonly shards: string;
  readonly arrivalsDead: string;
  readonly shardsDead: string;
  readonly json: boolean;
}

/** Redrives the dead letters of both queues and prints what became of each file. */
export async function redrive({ bucket, json, ...urls }: RedriveOptions): Promise<ExitCode> {
  const files = await redriveDeadLetters({
    store: await openBucket(bucket, 'write'),
    newWriterId: randomUUID,
    now: () => new Date(),
    queues: { arrivals: openQueue(urls.arrivals), shards: openQueue(urls.shards) },
    dead: { arrivals: openInbox(urls.arrivalsDead), shards: openInbox(urls.shardsDead) },
  });
  if (json) process.stdout.write(`${JSON.stringify(files)}\n`);
  else if (files.length === 0) process.stdout.write('no dead letters\n');
  for (const { source, status } of json ? [] : files) process.stdout.write(`${source}: ${status}\n`);
  return EXIT_CODES.success;
}
