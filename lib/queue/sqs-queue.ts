import { setTimeout as delay } from 'node:timers/promises';
import { type BatchResultErrorEntry, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { forEachAtOnce } from '../store/parallel.ts';
import type { Queue } from './queue.ts';

const BATCH_MESSAGES = 10;
// Of one message, and of a batch in all.
const BATCH_BYTES = 262_144;
// A file of 100 GB may have 18,000 shards: one batch after another that is a minute of waiting for answers.
const BATCHES_AT_ONCE = 8;
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 100;

/**
 * The sending side of the SQS queue at a URL. Where `send` fails, some messages may have been sent: send all again.
 * @throws {RangeError} by `send` before anything is sent, where a body is larger than 256 KiB.
 */
export function sqsQueue(client: SQSClient, queueUrl: string): Queue {
  return {
    async send(bodies) {
      await forEachAtOnce(each(batchesOf(bodies)), BATCHES_AT_ONCE, (batch) => sendBatch(client, queueUrl, batch));
    },
  };
}

function* each<Item>(items: readonly Item[]): Generator<Item> {
  yield* items;
}

/** The bodies in order, as batches that SQS takes. */
export function batchesOf(bodies: readonly string[]): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const body of bodies) {
    const bytes = Buffer.byteLength(body);
    if (bytes > BATCH_BYTES) throw new RangeError(`message must have at most ${BATCH_BYTES} bytes, got ${bytes}`);
    const last = batches.at(-1);
    if (last === undefined || last.length === BATCH_MESSAGES || bytes > room) {
      batches.push([body]);
      room = BATCH_BYTES - bytes;
    } else {
      last.push(body);
      room -= bytes;
    }
  }
  return batches;
}

/** Sends one batch, and again those of its messages that SQS could not take. */
async function sendBatch(client: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> {
  let left = bodies.map((body, index) => ({ Id: String(index), MessageBody: body }));
  for (let attempt = 1; ; attempt += 1) {
    const failed = await failuresOf(client, queueUrl, left);
    if (failed.length === 0) return;
    if (attempt === ATTEMPTS || failed.some(({ SenderFault }) => SenderFault)) {
      const [{ Code, Message = '' } = {}] = failed;
      throw new Error(`cannot send ${failed.length} of ${bodies.length} messages to ${queueUrl}: ${Code}: ${Message}`);
    }
    const again = new Set(failed.map(({ Id }) => Id));
    left = left.filter(({ Id }) => again.has(Id));
    await delay(Math.random() * FIRST_DELAY_MS * 2 ** attempt);
  }
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
