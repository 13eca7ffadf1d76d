import type { AwsConnection } from '../store/aws/aws-settings.ts';
import type { Queue } from './queue.ts';
import { sqsClient } from './sqs-client.ts';
import { type Inbox, sqsInbox } from './sqs-inbox.ts';
import { sqsQueue } from './sqs-queue.ts';

type Endpoint = Pick<AwsConnection, 'endpoint'>;

/** One client for each endpoint. */
const clients = new Map<string | undefined, ReturnType<typeof sqsClient>>();

/** The sending side of the SQS queue at a URL. */
export function openQueue(queueUrl: string, at: Endpoint = {}): Queue {
  return sqsQueue(clientAt(at), queueUrl);
}

/** The messages of the SQS queue at a URL. */
export function openInbox(queueUrl: string, at: Endpoint = {}): Inbox {
  return sqsInbox(clientAt(at), queueUrl);
}

function clientAt({ endpoint }: Endpoint): ReturnType<typeof sqsClient> {
  const client = clients.get(endpoint) ?? sqsClient({ endpoint });
  clients.set(endpoint, client);
  return client;
}
