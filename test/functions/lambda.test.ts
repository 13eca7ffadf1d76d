import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handleBatch, hasTimeForShard } from '../../functions/lambda.ts';
import { emptyFolder, SCRATCH } from '../../functions/scratch.ts';
import type { BatchHandler } from '../../lib/queue/in-process-queue.ts';
import { openTelemetry } from '../../lib/scoring/handlers/telemetry.ts';
import { sqsRecord } from './batch.ts';

const FAILS: BatchHandler = async ({ Records }) => ({
  batchItemFailures: Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({
    itemIdentifier: messageId,
  })),
});

function contextWith(...remaining: number[]): Context {
  return {
    getRemainingTimeInMillis: () => (remaining.length > 1 ? remaining.shift() : remaining[0]),
  } as unknown as Context;
}

interface Hidden {
  readonly receiptHandle: string;
  readonly seconds: number;
}

function inboxInto(hidden: Hidden[]) {
  return { hide: async (receiptHandle: string, seconds: number) => void hidden.push({ receiptHandle, seconds }) };
}

/** A logger and metrics; nobody else is told. */
const telling = () => ({ ...openTelemetry(), outbox: null });

beforeEach(() => void vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(dirname(SCRATCH.work), { recursive: true, force: true });
});

it('a shard is begun where a minute is left', () => {
  expect([60_000, 59_999].map((remaining) => hasTimeForShard(contextWith(remaining)))).toEqual([true, false]);
});

describe('handleBatch', () => {
  it('reports which messages failed, and sets when they are delivered again', async () => {
    const hidden: Hidden[] = [];
    const Records = [
      sqsRecord('a', { body: 'bad' }),
      sqsRecord('b', { body: 'good' }),
      sqsRecord('c', { body: 'bad', receiveCount: 3 }),
    ];
    const batch = { event: { Records }, context: contextWith(300_000), handler: FAILS, inbox: inboxInto(hidden) };
    expect(await handleBatch(telling(), batch)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'c' }],
    });
    expect(hidden).toEqual([
      { receiptHandle: 'receipt-of-a', seconds: 30 },
      { receiptHandle: 'receipt-of-c', seconds: 120 },
    ]);
  });

  it('gives back, unhandled, what is left when half of the time is over', async () => {
    const handled: string[] = [];
    const handler: BatchHandler = async ({ Records }) => {
      handled.push(...Records.map(({ messageId }) => messageId));
      return { batchItemFailures: [] };
    };
    // Asked at the beginning, once before each message, and once more for the log.
    const context = contextWith(300_000, 299_000, 150_000, 149_999);
    const event = { Records: ['a', 'b', 'c'].map((id) => sqsRecord(id)) };
    const answer = await handleBatch(telling(), { event, context, handler, inbox: inboxInto([]) });
    expect(handled).toEqual(['a', 'b']);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'c' }] });
  });

  it('reports failed messages even if their delivery cannot be brought forward', async () => {
    const inbox = { hide: async () => Promise.reject(new Error('receipt handle has expired')) };
    const event = { Records: [sqsRecord('a', { body: 'bad' })] };
    const batch = { event, context: contextWith(300_000), handler: FAILS, inbox };
    expect(await handleBatch(telling(), batch)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] });
  });

  it('leaves no file behind, and begins with none', async () => {
    const left = join(emptyFolder(SCRATCH.work), 'left-by-one-that-was-killed');
    writeFileSync(left, '');
    const handler: BatchHandler = async () => {
      expect(existsSync(left)).toBe(false);
      writeFileSync(left, '');
      return { batchItemFailures: [] };
    };
    const batch = {
      event: { Records: [sqsRecord('a')] },
      context: contextWith(300_000),
      handler,
      inbox: inboxInto([]),
    };
    await handleBatch(telling(), batch);
    expect(existsSync(left)).toBe(false);
  });
});
