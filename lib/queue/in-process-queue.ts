/**
 * A queue within one process that treats its handler as SQS and Lambda do: batches, a time in which a received message
 * is invisible, single failures reported by the handler, and dead letters after too many receives.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { MAX_RECEIVES, QUEUES } from '../contract/limits.ts';
import type { Queue } from './queue.ts';

/** Handles a batch of messages as a Lambda function does, and returns those that failed. */
export type BatchHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** A clock, which tests replace. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after that time, or at once where the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** A dead letter. */
export interface KeptMessage {
  readonly messageId: string;
  readonly body: string;
  readonly receiveCount: number;
  /** The last error that the handler threw or that `noteError` was called with; `null` if there was none. */
  readonly error: string | null;
}

/** The settings of a queue, as SQS has them. */
export interface QueueOptions {
  /** Times that a message is received before it becomes a dead letter, if it fails each time. @default 5 */
  readonly maxReceiveCount?: number;
  /** Time for which a received message is hidden; after it the message is delivered again. @default 1,800,000 */
  readonly visibilityMs?: number;
  /** Time until a message that was reported as failed is delivered again. @default 1,000 */
  readonly retryMs?: number;
  readonly clock?: Clock;
}

/** How messages are passed to the handler. */
export interface DriveOptions {
  /** @default 1 */
  readonly batchSize?: number;
  /** Batches that are handled at the same time. @default 1 */
  readonly concurrency?: number;
  /** When it aborts, batches that have begun are finished and no other begins. */
  readonly signal?: AbortSignal;
}

/** A queue in memory, with its receiving side. */
export interface InProcessQueue extends Queue {
  /** Passes messages to the handler until only dead letters are left, or the signal aborts. */
  drive(handler: BatchHandler, options?: DriveOptions): Promise<void>;
  deadLetters(): readonly KeptMessage[];
  /** Makes all dead letters ordinary messages again. */
  redrive(): void;
  /** Records why a message failed, for which a batch response has no place. */
  noteError(messageId: string, error: string): void;
}

interface Message {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: number;
  receiveCount: number;
  visibleAt: number;
  error: string | null;
}

const VISIBILITY_MS = 1000 * QUEUES.shards.visibilitySeconds;

const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }).catch(() => undefined),
};

/** Returns an empty queue. Its name is part of the source ARN of its messages. */
export function inProcessQueue(name: string, options: QueueOptions = {}): InProcessQueue {
  const {
    maxReceiveCount = MAX_RECEIVES,
    visibilityMs = VISIBILITY_MS,
    retryMs = 1_000,
    clock = SYSTEM_CLOCK,
  } = options;
  const messages = new Map<string, Message>();
  const dead = new Map<string, Message>();

  function receive(batchSize: number): Message[] {
    const now = clock.now();
    const batch: Message[] = [];
    for (const message of messages.values()) {
      if (batch.length === batchSize) break;
      if (message.visibleAt > now) continue;
      if (message.receiveCount >= maxReceiveCount) {
        messages.delete(message.messageId);
        dead.set(message.messageId, message);
        continue;
      }
      message.receiveCount += 1;
      message.visibleAt = now + visibilityMs;
      batch.push(message);
    }
    return batch;
  }

  async function handle(handler: BatchHandler, batch: readonly Message[]): Promise<void> {
    const failed = await failedIds(handler, batch);
    for (const message of batch) {
      if (failed.has(message.messageId)) message.visibleAt = clock.now() + retryMs;
      else messages.delete(message.messageId);
    }
  }

  async function failedIds(handler: BatchHandler, batch: readonly Message[]): Promise<ReadonlySet<string>> {
    try {
      const { batchItemFailures } = await handler({ Records: batch.map((message) => recordOf(message, name)) });
      return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    } catch (error) {
      for (const message of batch) message.error = error instanceof Error ? error.message : String(error);
      return new Set(batch.map(({ messageId }) => messageId));
    }
  }

  /** Resolves once a batch has ended, or, where another may begin, a message becomes visible. */
  async function wait(running: ReadonlySet<Promise<void>>, mayBegin: boolean, signal?: AbortSignal): Promise<void> {
    if (!mayBegin) return Promise.race(running);
    const woken = new AbortController();
    const either = signal === undefined ? woken.signal : AbortSignal.any([woken.signal, signal]);
    const next = Math.min(...[...messages.values()].map(({ visibleAt }) => visibleAt));
    await Promise.race([...running, clock.sleep(Math.max(0, next - clock.now()), either)]);
    woken.abort();
  }

  return {
    async send(bodies) {
      for (const body of bodies) {
        const messageId = randomUUID();
        const now = clock.now();
        messages.set(messageId, { messageId, body, sentAt: now, receiveCount: 0, visibleAt: now, error: null });
      }
    },
    async drive(handler, { batchSize = 1, concurrency = 1, signal } = {}) {
      const running = new Set<Promise<void>>();
      for (;;) {
        while (!signal?.aborted && running.size < concurrency) {
          const batch = receive(batchSize);
          if (batch.length === 0) break;
          const ended = handle(handler, batch).finally(() => running.delete(ended));
          running.add(ended);
        }
        const mayBegin = !signal?.aborted && messages.size > 0 && running.size < concurrency;
        if (running.size === 0 && !mayBegin) return;
        await wait(running, mayBegin, signal);
      }
    },
    deadLetters: () =>
      [...dead.values()].map(({ messageId, body, receiveCount, error }) => ({ messageId, body, receiveCount, error })),
    redrive() {
      for (const message of dead.values())
        messages.set(message.messageId, { ...message, receiveCount: 0, visibleAt: clock.now() });
      dead.clear();
    },
    noteError(messageId, error) {
      const message = messages.get(messageId);
      if (message !== undefined) message.error = error;
    },
  };
}

function recordOf({ messageId, body, sentAt, receiveCount }: Message, queue: string): SQSRecord {
  return {
    messageId,
    receiptHandle: `${messageId}#${receiveCount}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAt),
      SenderId: 'in-process',
      ApproximateFirstReceiveTimestamp: String(sentAt),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:local:000000000000:${queue}`,
    awsRegion: 'local',
  };
}
