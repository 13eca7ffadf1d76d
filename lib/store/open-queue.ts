import type { Queue } from './queue.ts';
import { sqsClient } from './sqs-client.ts';
import { type Inbox, sqsInbox } from './sqs-inbox.ts';
import { sqsQueue } from './sqs-queue.ts';

let client: ReturnType<typeof sqsClient> | undefined;

/** The sending side of the SQS queue at a URL. */
export function openQueue(queueUrl: string): Queue {
  client ??= sqsClient();
  return sqsQueue(client, queueUrl);
}

/** The messages of the SQS queue at a URL. */
export function openInbox(queueUrl: string): Inbox {
  client ??= sqsClient();
  return sqsInbox(client, queueUrl);
}
