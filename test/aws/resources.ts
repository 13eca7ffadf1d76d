/** Buckets and queues on the emulator, of their own for each test. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { inject } from 'vitest';
import { s3Client } from '../../lib/store/s3-client.ts';
import { sqsClient } from '../../lib/store/sqs-client.ts';

/** The name of a new, empty bucket. */
export async function makeBucket({ versioning = true } = {}): Promise<string> {
  const bucket = `test-${randomUUID()}`;
  const client = s3Client({ endpoint: inject('endpoint') });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  if (versioning) {
    const enabled = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const;
    await client.send(new PutBucketVersioningCommand(enabled));
  }
  client.destroy();
  return bucket;
}

/** The URLs of a new queue and of the queue of its dead letters. */
export async function makeQueue({ visibilitySeconds = 30, maxReceiveCount = 5 } = {}): Promise<{
  readonly queueUrl: string;
  readonly deadUrl: string;
}> {
  const client = sqsClient({ endpoint: inject('endpoint') });
  const create = async (name: string, attributes: Record<string, string>) => {
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    return QueueUrl;
  };
  const name = `test-${randomUUID()}`;
  const deadUrl = await create(`${name}-dead`, {});
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${name}-dead`;
  const queueUrl = await create(name, {
    VisibilityTimeout: String(visibilitySeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
  });
  client.destroy();
  return { queueUrl, deadUrl };
}
