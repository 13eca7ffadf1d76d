import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import type { BatchHandler } from '../../../lib/queue/in-process-queue.ts';
import { type PollOptions, pollQueue } from '../../../lib/queue/poller.ts';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsQueue } from '../../../lib/queue/sqs-queue.ts';
import { makeQueue } from '../emulator/resources.ts';

const client = sqsClient({ endpoint: inject('endpoint') });
let queueUrl: string;
let deadUrl: string;
let errors: string[];
/** The records that the handler received, in order. */
let records: SQSRecord[];

beforeEach(async () => {
  ({ queueUrl, deadUrl } = await makeQueue({ visibilitySeconds: 1, maxReceiveCount: 3 }));
  errors = [];
  records = [];
});

/** Polls until `isDone`, with a handler that keeps what it is given and fails the messages that say so. */
async function poll(isDone: () => boolean, options: Partial<PollOptions> = {}): Promise<void> {
  const stop = new AbortController();
  const { handler = failing('bad'), ...others } = options;
  const keeping: BatchHandler = async (event) => {
    records.push(...event.Records);
    return handler(event).finally(() => {
      if (isDone()) stop.abort();
    });
  };
  await pollQueue({
    client,
    queueUrl,
    handler: keeping,
    batchSize: 10,
    waitSeconds: 1,
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]),
    onError: ({ message }) => errors.push(message),
    ...others,
  });
}

function failing(word: string): BatchHandler {
  return async ({ Records }) => ({
    batchItemFailures: Records.filter(({ body }) => body.includes(word)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });
}

/** The number of messages in a queue, received ones included. */
async function countOf(url: string): Promise<number> {
  const request = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
  const { Attributes = {} } = await client.send(request);
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
}

const send = (...bodies: string[]) => sqsQueue(client, queueUrl).send(bodies);
const bodies = () => records.map(({ body }) => body).sort();

describe('pollQueue', () => {
  it('hands over every message and deletes it', async () => {
    const sent = Array.from({ length: 12 }, (_, index) => `message ${String(index).padStart(2, '0')}`);
    await send(...sent);
    await poll(() => records.length === 12);
    expect(bodies()).toEqual(sent);
    expect(await countOf(queueUrl)).toBe(0);
    expect(errors).toEqual([]);
  });

  it('shows a message as Lambda does', async () => {
    const MessageAttributes = {
      text: { DataType: 'String', StringValue: 'é' },
      bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2) },
    };
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'hello', MessageAttributes }));
    await poll(() => true);
    const list = { stringListValues: [], binaryListValues: [] };
    expect(records).toEqual([
      {
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        receiptHandle: expect.stringMatching(/./),
        body: 'hello',
        attributes: expect.objectContaining({
          ApproximateReceiveCount: '1',
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        }),
        messageAttributes: {
          text: { dataType: 'String', stringValue: 'é', ...list },
          bytes: { dataType: 'Binary', binaryValue: 'AQI=', ...list },
        },
        // md5sum of the body
        md5OfBody: '5d41402abc4b2a76b9719d911017c592',
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queueUrl.split('/').at(-1)}`,
        awsRegion: 'us-east-1',
      },
    ]);
  });

  it('gives batches of at most the size that was asked for', async () => {
    await send('a', 'b', 'c', 'd', 'e');
    const sizes: number[] = [];
    const handler = async ({ Records }: SQSEvent) => {
      sizes.push(Records.length);
      return { batchItemFailures: [] };
    };
    await poll(() => records.length === 5, { batchSize: 2, handler });
    expect(Math.max(...sizes)).toBe(2);
  });

  it('leaves failed messages to come back, and the others of their batch not', async () => {
    await send('good 1', 'bad', 'good 2');
    await poll(() => records.length === 4);
    expect(bodies()).toEqual(['bad', 'bad', 'good 1', 'good 2']);
    const again = records.at(-1);
    expect([again?.body, again?.attributes.ApproximateReceiveCount]).toEqual(['bad', '2']);
    expect(await countOf(queueUrl)).toBe(1);
  });

  it('makes a dead letter of a message that fails too often', async () => {
    await send('bad', 'good');
    const stop = new AbortController();
    const polling = poll(() => false, { signal: stop.signal });
    for (let waited = 0; waited < 100 && (await countOf(deadUrl)) === 0; waited += 1) await delay(100);
    stop.abort();
    await polling;
    expect(bodies()).toEqual(['bad', 'bad', 'bad', 'good']);
    expect([await countOf(queueUrl), await countOf(deadUrl)]).toEqual([0, 1]);
  });

  it('takes an exception for the failure of the whole batch, and reports it', async () => {
    await send('a', 'b');
    const handler = async () => {
      throw new Error('out of memory');
    };
    await poll(() => records.length >= 2, { handler });
    expect(new Set(errors)).toEqual(new Set(['out of memory']));
    expect(await countOf(queueUrl)).toBe(2);
  });

  it('takes the report of a message that is not in the batch for the failure of all', async () => {
    await send('a');
    await poll(() => true, { handler: async () => ({ batchItemFailures: [{ itemIdentifier: 'nobody' }] }) });
    expect(errors).toEqual(['handler reported the message "nobody", which is not in its batch']);
    expect(await countOf(queueUrl)).toBe(1);
  });

  it('takes a handler that returns nothing for successful', async () => {
    await send('a');
    await poll(() => true, { handler: (async () => undefined) as unknown as BatchHandler });
    expect(await countOf(queueUrl)).toBe(0);
  });

  it('delivers a message twice where its visibility ends before its handler does', async () => {
    await send('slow');
    const handler = async () => {
      await delay(records.length === 1 ? 3000 : 0);
      return { batchItemFailures: [] };
    };
    const isDone = () => records.length === 2;
    await Promise.all([poll(isDone, { handler }), poll(isDone, { handler, visibilitySeconds: 10 })]);
    expect(new Set(records.map(({ messageId }) => messageId)).size).toBe(1);
    expect(await countOf(queueUrl)).toBe(0);
  });

  it('ends the batch under way when it is stopped, and begins no other', async () => {
    await send('a', 'b');
    const stop = new AbortController();
    const handler = async () => {
      stop.abort();
      await delay(200);
      return { batchItemFailures: [] };
    };
    await poll(() => false, { handler, batchSize: 1, signal: stop.signal });
    expect(records).toHaveLength(1);
    expect(await countOf(queueUrl)).toBe(1);
  });

  it('does nothing where it was stopped before', async () => {
    await send('a');
    await poll(() => false, { signal: AbortSignal.abort() });
    expect(records).toEqual([]);
  });

  it('names a queue that is not there', async () => {
    const absent = `${inject('endpoint')}/000000000000/absent`;
    await expect(poll(() => true, { queueUrl: absent })).rejects.toThrow(
      `cannot look at ${absent}: The specified queue does not exist`,
    );
  });

  it.each([0, 11, 1.5])('refuses a batch size of %d', async (batchSize) => {
    await expect(poll(() => true, { batchSize })).rejects.toThrow(
      new RangeError(`batchSize must be 1 to 10, got ${batchSize}`),
    );
  });
});
