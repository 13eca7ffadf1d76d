/** The queues of a deployed stack, found by its bucket and by their names. */

import { PREFIXES } from '../../lib/contract/bucket.ts';
import { queueFacts, queueName, queueUrlOf, queueUrlsNamed } from '../../lib/queue/queue-facts.ts';
import type { SqsClient } from '../../lib/queue/sqs-client.ts';
import type { PolledQueue } from '../../lib/scoring/local/poll-queues.ts';
import { notifiedQueues } from '../../lib/store/s3/notifications.ts';
import type { EndpointOptions } from '../bucket.ts';
import { UsageError } from '../terminal/exit.ts';

export interface StackQueuesOptions extends EndpointOptions {
  /** `s3://bucket` */
  readonly bucket: string;
  /** URLs, where they are known. */
  readonly arrivals?: string;
  readonly shards?: string;
}

/**
 * Finds the arrivals queue by the bucket's notifications for candidates, and the shards queue by the name of the other.
 * @throws {UsageError} naming the option that is needed where one of them cannot be found in this way.
 */
export async function stackQueues(
  client: SqsClient,
  options: StackQueuesOptions,
): Promise<{ readonly arrivals: PolledQueue; readonly shards: PolledQueue }> {
  const arrivals = await stackQueue(client, options.arrivals ?? (await arrivalsUrl(client, options)));
  const shards = options.shards ?? (await shardsUrl(client, arrivals.url));
  return { arrivals, shards: await stackQueue(client, shards) };
}

async function arrivalsUrl(client: SqsClient, options: StackQueuesOptions): Promise<string> {
  const bucket = options.bucket.replace(/^s3:\/\//, '').replace(/\/$/, '');
  const arns = await notifiedQueues(bucket, PREFIXES.candidates, options);
  const arn = only(
    arns,
    `--arrivals is needed (output ArrivalsQueue of the stack): queues that S3 notifies of ${PREFIXES.candidates}`,
  );
  return queueUrlOf(client, arn);
}

// CloudFormation names a queue by the stack's name, its own in the stack and random characters; the whole may be cut.
async function shardsUrl(client: SqsClient, arrivals: string): Promise<string> {
  const name = queueName(arrivals);
  const end = name.lastIndexOf('Arrivals');
  const start = `${name.slice(0, end)}Shards`;
  const found: string[] = [];
  // The queue of dead letters is named alike, and has none itself.
  for (const url of end === -1 ? [] : await queueUrlsNamed(client, start))
    if ((await queueFacts(client, url)).deadArn !== null) found.push(url);
  return only(found, `--shards is needed (output ShardsQueue of the stack): queues of the stack of ${name}`);
}

function only(found: readonly string[], what: string): string {
  const [first, ...others] = found;
  if (first === undefined || others.length > 0) throw new UsageError(`${what}: found ${found.length}, expected 1`);
  return first;
}

async function stackQueue(client: SqsClient, url: string): Promise<PolledQueue> {
  const { deadArn, visibilitySeconds } = await queueFacts(client, url);
  if (deadArn === null) throw new UsageError(`queue ${url} has no queue of dead letters: bad messages would never end`);
  return { url, deadUrl: await queueUrlOf(client, deadArn), visibilitySeconds };
}
