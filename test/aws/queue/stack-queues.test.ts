import { randomUUID } from 'node:crypto';
import { PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { stackQueues } from '../../../bin/stack/stack-queues.ts';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { s3Client } from '../../../lib/store/s3/client.ts';
import { makeBucket } from '../emulator/resources.ts';

const endpoint = inject('endpoint');
const client = sqsClient({ endpoint });
const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

let stack: string;
let bucket: string;

beforeEach(async () => {
  stack = `stack-${randomUUID().slice(0, 8)}`;
  bucket = `s3://${await makeBucket()}`;
});

/** Makes a queue, with that queue of dead letters if one is named, and returns its URL. */
async function makeQueue(name: string, dead?: string): Promise<string> {
  const redrive = dead && JSON.stringify({ deadLetterTargetArn: arnOf(dead), maxReceiveCount: 5 });
  const Attributes = { VisibilityTimeout: '1800', ...(redrive && { RedrivePolicy: redrive }) };
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

/** Makes a queue and its dead letters, named as CloudFormation does: the stack, the queue, and random characters. */
async function makePair(name: string) {
  const deadUrl = await makeQueue(`${stack}-Data${name}DeadA0F8-x`);
  const url = await makeQueue(`${stack}-Data${name}2F56EC-y`, `${stack}-Data${name}DeadA0F8-x`);
  return { url, deadUrl, visibilitySeconds: 1800 };
}

async function notify(queues: readonly { readonly name: string; readonly prefix: string }[]): Promise<void> {
  const configuration = queues.map(({ name, prefix }) => ({
    QueueArn: arnOf(name),
    Events: ['s3:ObjectCreated:*' as const],
    Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } },
  }));
  const request = { Bucket: bucket.slice(5), NotificationConfiguration: { QueueConfigurations: configuration } };
  await s3Client({ endpoint }).send(new PutBucketNotificationConfigurationCommand(request));
}

describe('the queues of a stack', () => {
  it('are found by its bucket, with their dead letters', async () => {
    const expected = { arrivals: await makePair('Arrivals'), shards: await makePair('Shards') };
    await makeQueue(`${stack}-other`);
    await notify([
      { name: `${stack}-other`, prefix: 'scores/' },
      { name: `${stack}-DataArrivals2F56EC-y`, prefix: 'candidates/' },
    ]);
    expect(await stackQueues(client, { bucket, endpoint })).toEqual(expected);
    expect(await stackQueues(client, { bucket: `${bucket}/`, endpoint })).toEqual(expected);
  });

  it('are those that are given, with any names', async () => {
    await makeQueue(`${stack}-dead`);
    const arrivals = await makeQueue(`${stack}-a`, `${stack}-dead`);
    const shards = await makeQueue(`${stack}-b`, `${stack}-dead`);
    const found = await stackQueues(client, { bucket, endpoint, arrivals, shards });
    expect([found.arrivals.url, found.shards.url]).toEqual([arrivals, shards]);
  });

  it('must be given if the bucket notifies no queue of candidates', async () => {
    await expect(stackQueues(client, { bucket, endpoint })).rejects.toThrow(
      '--arrivals is needed (output ArrivalsQueue of the stack): queues that S3 notifies of candidates/: found 0, expected 1',
    );
  });

  it('must be given if they cannot be found by their names', async () => {
    await makeQueue(`${stack}-dead`);
    const arrivals = await makeQueue(`${stack}-files`, `${stack}-dead`);
    await expect(stackQueues(client, { bucket, endpoint, arrivals })).rejects.toThrow(
      `--shards is needed (output ShardsQueue of the stack): queues of the stack of ${stack}-files: found 0, expected 1`,
    );
    const { url } = await makePair('Arrivals');
    await makePair('Shards');
    await makeQueue(`${stack}-DataShardsOfOther`, `${stack}-dead`);
    await expect(stackQueues(client, { bucket, endpoint, arrivals: url })).rejects.toThrow('found 2, expected 1');
  });

  it('are refused without dead letters', async () => {
    const arrivals = await makeQueue(`${stack}-files`);
    await expect(stackQueues(client, { bucket, endpoint, arrivals })).rejects.toThrow(
      `queue ${arrivals} has no queue of dead letters: bad messages would never end`,
    );
  });
});
