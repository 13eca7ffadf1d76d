/** What SQS knows of queues: their names, and how they treat their messages. */
import { GetQueueAttributesCommand, GetQueueUrlCommand, ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';

export interface QueueFacts {
  readonly arn: string;
  /** Time for which a received message is hidden from other receivers. */
  readonly visibilitySeconds: number;
  /** ARN of the queue of its dead letters; `null` where it has none. */
  readonly deadArn: string | null;
  /** Receives after which a message becomes a dead letter; `null` for never. */
  readonly maxReceives: number | null;
  /** Messages that wait, an estimate of SQS. */
  readonly messages: number;
}

/** @throws {Error} where the queue cannot be looked at. */
export async function queueFacts(client: SQSClient, queueUrl: string): Promise<QueueFacts> {
  const request = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
  const { Attributes = {} } = await client.send(request).catch((cause: unknown) => {
    throw queueError('look at', queueUrl, cause);
  });
  const { QueueArn = '', VisibilityTimeout, RedrivePolicy = '{}', ApproximateNumberOfMessages } = Attributes;
  const { deadLetterTargetArn = null, maxReceiveCount = null } = JSON.parse(RedrivePolicy) as {
    readonly deadLetterTargetArn?: string;
    readonly maxReceiveCount?: number | string;
  };
  return {
    arn: QueueArn,
    visibilitySeconds: Number(VisibilityTimeout),
    deadArn: deadLetterTargetArn,
    maxReceives: maxReceiveCount === null ? null : Number(maxReceiveCount),
    messages: Number(ApproximateNumberOfMessages ?? 0),
  };
}

/** The URL of a queue of this account and region. */
export async function queueUrlOf(client: SQSClient, queueArn: string): Promise<string> {
  const { QueueUrl = '' } = await client
    .send(new GetQueueUrlCommand({ QueueName: queueName(queueArn) }))
    .catch((cause: unknown) => {
      throw queueError('find', queueArn, cause);
    });
  return QueueUrl;
}

/** The URLs of at most 1,000 queues whose names begin so. */
export async function queueUrlsNamed(client: SQSClient, nameStart: string): Promise<string[]> {
  const { QueueUrls = [] } = await client
    .send(new ListQueuesCommand({ QueueNamePrefix: nameStart, MaxResults: 1000 }))
    .catch((cause: unknown) => {
      throw queueError('list', `queues ${nameStart}*`, cause);
    });
  return QueueUrls;
}

/** The last part of a queue's ARN or URL. */
export function queueName(arnOrUrl: string): string {
  return arnOrUrl.split(/[:/]/).at(-1) ?? '';
}

/** An error of SQS, with what was being done. */
export function queueError(action: string, queue: string, cause: unknown): Error {
  return new Error(`cannot ${action} ${queue}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}
