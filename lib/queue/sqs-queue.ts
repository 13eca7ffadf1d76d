import { type BatchResultErrorEntry, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { forEachAtOnce } from '../store/parallel.ts';
import { withRetries } from '../store/retry.ts';
import { batchesOf } from './batches.ts';
import type { Queue } from './queue.ts';

// A file of 100 GB may have 18,000 shards. Sent one batch after another, they would take a minute.
const BATCHES_AT_ONCE = 8;
const RETRIES = { attempts: 5, firstDelayMs: 200 };

/**
 * The sending side of the SQS queue at a URL. Where `send` fails, some messages may have been sent: send all again.
 * @throws {RangeError} by `send` before anything is sent, where a body is larger than 256 KiB.
 */
export function sqsQueue(client: SQSClient, queueUrl: string): Queue {
  return {
    async send(bodies) {
      const batches = batchesOf(bodies, (body) => Buffer.byteLength(body), 'message');
      await forEachAtOnce(batches, BATCHES_AT_ONCE, (batch) => sendBatch(client, queueUrl, batch));
    },
  };
}

/** Sends one batch, and again those of its messages that SQS could not take. */
async function sendBatch(client: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> {
  let left = bodies.map((body, index) => ({ Id: String(index), MessageBody: body }));
  let mayPass = false;
  const send = async () => {
    mayPass = false;
    const failed = await failuresOf(client, queueUrl, left);
    const [first] = failed;
    if (first === undefined) return;
    mayPass = !failed.some(({ SenderFault }) => SenderFault);
    const again = new Set(failed.map(({ Id }) => Id));
    left = left.filter(({ Id }) => again.has(Id));
    const why = `${first.Code}: ${first.Message ?? ''}`;
    throw new Error(`cannot send ${failed.length} of ${bodies.length} messages to ${queueUrl}: ${why}`);
  };
  await withRetries(send, { ...RETRIES, mayPass: () => mayPass });
}

async function failuresOf(
  client: SQSClient,
  queueUrl: string,
  entries: { readonly Id: string; readonly MessageBody: string }[],
): Promise<readonly BatchResultErrorEntry[]> {
  try {
    const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    return Failed ?? [];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot send ${entries.length} messages to ${queueUrl}: ${why}`, { cause });
  }
}
