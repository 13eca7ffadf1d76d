/** Buckets and queues on an emulator. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { s3Client } from '../../../lib/store/s3/client.ts';

export interface QueueUrls {
  readonly queueUrl: string;
  /** URL of the queue of its dead letters. */
  readonly deadUrl: string;
}

export interface QueueSettings {
  /** @default 30 */
  readonly visibilitySeconds?: number;
  /** @default 5 */
  readonly maxReceiveCount?: number;
}

/** The name of a new, empty bucket. */
export async function makeBucketAt(endpoint: string, { versioning = true } = {}): Promise<string> {
  const bucket = `test-${randomUUID()}`;
  const client = s3Client({ endpoint });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  if (versioning) {
    const enabled = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const;
    await client.send(new PutBucketVersioningCommand(enabled));
  }
  client.destroy();
  return bucket;
}

/** A new queue, with one of dead letters. */
export async function makeQueueAt(
  endpoint: string,
  { visibilitySeconds = 30, maxReceiveCount = 5 }: QueueSettings = {},
): Promise<QueueUrls> {
  const client = sqsClient({ endpoint });
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

/** The number of messages in a queue, including those that were received and not deleted. */
export async function countMessages(endpoint: string, queueUrl: string): Promise<number> {
  const client = sqsClient({ endpoint });
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const request = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] });
  const { Attributes } = await client.send(request);
  client.destroy();
  return names.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
}
