import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsQueue } from '../../../lib/queue/sqs-queue.ts';
import { type FalseAnswer, type FaultProxy, startFaultProxy } from '../emulator/fault-proxy.ts';
import { makeQueue } from '../emulator/resources.ts';

const calm = sqsClient({ endpoint: inject('endpoint') });
let proxy: FaultProxy;
let queueUrl: string;

beforeEach(async () => {
  proxy = await startFaultProxy(inject('endpoint'));
  ({ queueUrl } = await makeQueue());
});
afterEach(() => proxy.stop());

const queue = () => sqsQueue(sqsClient({ endpoint: proxy.endpoint, idleMs: 1000 }), queueUrl);

async function received(): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const request = new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await calm.send(request);
    if (Messages.length === 0) return bodies.sort();
    bodies.push(...Messages.map(({ Body = '' }) => Body));
  }
}

/** The response of SQS by which message 1 of a batch of three failed. */
function partialFailure(senderFault: boolean): FalseAnswer {
  const failed = { Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: senderFault };
  const sent = (Id: string) => ({ Id, MessageId: Id, MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661' });
  const body = JSON.stringify({ Failed: [failed], Successful: [sent('0'), sent('2')] });
  return { status: 200, contentType: 'application/x-amz-json-1.0', body };
}

describe('sqs queue', () => {
  it('sends every message, in requests of at most ten and 256 KiB', async () => {
    const bodies = Array.from({ length: 23 }, (_, index) => `message ${String(index).padStart(2, '0')} é`);
    await queue().send(bodies);
    expect(await received()).toEqual(bodies);
    expect(proxy.requests).toHaveLength(3);
    const large = ['a', 'b', 'c'].map((letter) => letter.repeat(120_000));
    await queue().send(large);
    expect(await received()).toEqual(large);
    expect(proxy.requests).toHaveLength(5);
  });

  it('makes no request for no message', async () => {
    await queue().send([]);
    expect(proxy.requests).toEqual([]);
  });

  it('sends nothing where a message is too large', async () => {
    await expect(queue().send(['a', 'é'.repeat(131_073)])).rejects.toThrow(
      new RangeError('message must have at most 262144 bytes, got 262146'),
    );
    expect(proxy.requests).toEqual([]);
  });

  it('sends again those of a batch that SQS could not take, and only those', async () => {
    // SQS has taken all three, so a second sending shows as a fourth message.
    proxy.inject({ when: () => true, applied: true, answer: partialFailure(false) });
    await queue().send(['a', 'a', 'a']);
    expect(await received()).toEqual(['a', 'a', 'a', 'a']);
  });

  it('fails where SQS goes on refusing some, with its reason', async () => {
    proxy.inject({ when: () => true, times: 99, answer: partialFailure(false) });
    await expect(queue().send(['a', 'a', 'a'])).rejects.toThrow(
      new Error(`cannot send 1 of 3 messages to ${queueUrl}: InternalError: try again`),
    );
    expect(proxy.requests).toHaveLength(5);
  });

  it('fails at once where the fault is in the message', async () => {
    proxy.inject({ when: () => true, answer: partialFailure(true) });
    await expect(queue().send(['a', 'a', 'a'])).rejects.toThrow('InternalError: try again');
    expect(proxy.requests).toHaveLength(1);
  });

  it.each(['close', 'silence'] as const)('survives %s of the connection', async (answer) => {
    proxy.inject({ when: () => true, answer });
    await queue().send(['a']);
    expect(await received()).toEqual(['a']);
  });

  it('names a queue that is not there', async () => {
    queueUrl = `${inject('endpoint')}/000000000000/absent`;
    await expect(queue().send(['a'])).rejects.toThrow(
      `cannot send 1 messages to ${queueUrl}: The specified queue does not exist`,
    );
  });
});
