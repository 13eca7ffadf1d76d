import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type BatchHandler, type Clock, inProcessQueue } from '../../lib/queue/in-process-queue.ts';

/** A clock that moves only while a caller sleeps, and records for how long. */
function testClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  let now = 1_000_000;
  return {
    waits,
    now: () => now,
    async sleep(milliseconds) {
      await new Promise((resolve) => setImmediate(resolve));
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
}

/** Fails the messages for which `fails` says so. */
function handlerOf(seen: SQSRecord[][], fails: (record: SQSRecord) => boolean = () => false): BatchHandler {
  return async ({ Records }) => {
    seen.push(Records);
    const failed = Records.filter(fails);
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

describe('a queue within the process', () => {
  it('hands on all messages in batches, and is empty afterwards', async () => {
    const queue = inProcessQueue('arrivals');
    await queue.send(['a', 'b', 'c']);
    const seen: SQSRecord[][] = [];
    await queue.drive(handlerOf(seen), { batchSize: 2 });
    expect(bodies(seen)).toEqual([['a', 'b'], ['c']]);
    await queue.drive(handlerOf(seen));
    expect(seen).toHaveLength(2);
    expect(queue.deadLetters()).toEqual([]);
  });

  it('shapes its records as SQS does', async () => {
    const queue = inProcessQueue('arrivals', { clock: testClock() });
    await queue.send(['a']);
    const seen: SQSRecord[][] = [];
    await queue.drive(handlerOf(seen));
    expect(seen[0]?.[0]).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.stringMatching(/#1$/),
      body: 'a',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1000000',
        SenderId: 'in-process',
        ApproximateFirstReceiveTimestamp: '1000000',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:local:000000000000:arrivals',
      awsRegion: 'local',
    });
  });

  it('hands on messages that are sent while it is driven', async () => {
    const queue = inProcessQueue('shards');
    await queue.send(['a']);
    const handled: string[] = [];
    await queue.drive(async ({ Records }) => {
      const [{ body } = { body: '' }] = Records;
      handled.push(body);
      if (body.length < 3) await queue.send([`${body}a`]);
      return { batchItemFailures: [] };
    });
    expect(handled).toEqual(['a', 'aa', 'aaa']);
  });

  it('delivers only the failed messages of a batch again, after a while', async () => {
    const clock = testClock();
    const queue = inProcessQueue('shards', { clock, retryMs: 700 });
    await queue.send(['a', 'b']);
    const seen: SQSRecord[][] = [];
    const isFirstB = ({ body, attributes }: SQSRecord) => body === 'b' && attributes.ApproximateReceiveCount === '1';
    await queue.drive(handlerOf(seen, isFirstB), { batchSize: 10 });
    expect(bodies(seen)).toEqual([['a', 'b'], ['b']]);
    expect(clock.waits).toEqual([700]);
  });

  it('keeps a message that failed too often as a dead letter, with what was noted of it', async () => {
    const queue = inProcessQueue('shards', { clock: testClock(), maxReceiveCount: 3 });
    await queue.send(['bad', 'good']);
    const seen: SQSRecord[][] = [];
    const handler = handlerOf(seen, ({ body }) => body === 'bad');
    await queue.drive(async (event) => {
      for (const { messageId, attributes } of event.Records)
        queue.noteError(messageId, `failure ${attributes.ApproximateReceiveCount}`);
      return handler(event);
    });
    expect(bodies(seen)).toEqual([['bad'], ['good'], ['bad'], ['bad']]);
    expect(queue.deadLetters()).toEqual([
      { messageId: expect.any(String), body: 'bad', receiveCount: 3, error: 'failure 3' },
    ]);
  });

  it('takes a handler that throws as a failure of the whole batch', async () => {
    const queue = inProcessQueue('shards', { clock: testClock(), maxReceiveCount: 2 });
    await queue.send(['a', 'b']);
    await queue.drive(() => Promise.reject(new Error('out of memory')), { batchSize: 2 });
    expect(queue.deadLetters().map(({ body, error }) => ({ body, error }))).toEqual([
      { body: 'a', error: 'out of memory' },
      { body: 'b', error: 'out of memory' },
    ]);
  });

  it('makes dead letters messages again when they are redriven', async () => {
    const queue = inProcessQueue('shards', { clock: testClock(), maxReceiveCount: 1 });
    await queue.send(['a']);
    await queue.drive(() => Promise.reject(new Error('no')));
    queue.redrive();
    expect(queue.deadLetters()).toEqual([]);
    const seen: SQSRecord[][] = [];
    await queue.drive(handlerOf(seen));
    expect(seen[0]?.[0]?.attributes.ApproximateReceiveCount).toBe('1');
  });

  it('handles no more batches at once than `concurrency`', async () => {
    const queue = inProcessQueue('shards');
    await queue.send(Array.from({ length: 9 }, (_, index) => String(index)));
    let running = 0;
    let most = 0;
    await queue.drive(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        return { batchItemFailures: [] };
      },
      { concurrency: 3 },
    );
    expect(most).toBe(3);
  });

  it('delivers a message again whose handler takes longer than the visibility timeout', async () => {
    const queue = inProcessQueue('shards', { clock: testClock(), visibilityMs: 10 });
    await queue.send(['a']);
    let deliveries = 0;
    let endFirst = () => {};
    await queue.drive(
      () => {
        deliveries += 1;
        if (deliveries === 1) return new Promise((resolve) => (endFirst = () => resolve({ batchItemFailures: [] })));
        endFirst();
        return Promise.resolve({ batchItemFailures: [] });
      },
      { concurrency: 2 },
    );
    expect(deliveries).toBe(2);
  });

  it('ends what has begun and begins nothing more where the signal aborts', async () => {
    const queue = inProcessQueue('shards');
    await queue.send(['a', 'b', 'c']);
    const controller = new AbortController();
    const ended: string[] = [];
    await queue.drive(
      async ({ Records }) => {
        controller.abort();
        await new Promise((resolve) => setTimeout(resolve, 2));
        ended.push(...Records.map(({ body }) => body));
        return { batchItemFailures: [] };
      },
      { signal: controller.signal },
    );
    expect(ended).toEqual(['a']);
  });

  it('does not sit out a wait where the signal aborts', async () => {
    const queue = inProcessQueue('shards', { retryMs: 3_600_000 });
    await queue.send(['a']);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await queue.drive(() => Promise.reject(new Error('no')), { signal: controller.signal });
    expect(queue.deadLetters()).toEqual([]);
  });
});

function bodies(batches: readonly (readonly SQSRecord[])[]): string[][] {
  return batches.map((batch) => batch.map(({ body }) => body));
}
