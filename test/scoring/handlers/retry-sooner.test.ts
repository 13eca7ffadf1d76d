import { describe, expect, it } from 'vitest';
import type { BatchHandler } from '../../../lib/queue/in-process-queue.ts';
import { retryingSooner, retrySeconds } from '../../../lib/scoring/handlers/retry-sooner.ts';
import { sqsRecord } from '../../functions/batch.ts';

const FAILS_ALL: BatchHandler = async ({ Records }) => ({
  batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
});

it('failed messages come again after 30 s, twice as long each time, up to a quarter of an hour', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((count) => retrySeconds(count))).toEqual([30, 60, 120, 240, 480, 900, 900]);
});

describe('retryingSooner', () => {
  it('begins with the given delay, and returns what the handler returned', async () => {
    const hidden: (readonly [string, number])[] = [];
    const inbox = { hide: async (receipt: string, seconds: number) => void hidden.push([receipt, seconds]) };
    const handler = retryingSooner(FAILS_ALL, inbox, { error: () => undefined }, 2);
    const Records = [sqsRecord('a'), sqsRecord('b', { receiveCount: 4 })];
    expect(await handler({ Records })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }],
    });
    expect(hidden).toEqual([
      ['receipt-of-a', 2],
      ['receipt-of-b', 16],
    ]);
  });

  it('logs an error if the delivery of a message cannot be brought forward', async () => {
    const told: unknown[] = [];
    const error = new Error('receipt handle has expired');
    const log = { error: (message: string, details: object) => void told.push(message, details) };
    await retryingSooner(FAILS_ALL, { hide: () => Promise.reject(error) }, log)({ Records: [sqsRecord('a')] });
    expect(told).toEqual(['retry is late', { messageId: 'a', error }]);
  });
});
