/** Buckets and queues of one test, on the emulator that all test files share. */
import { inject } from 'vitest';
import { makeBucketAt, makeQueueAt, type QueueSettings, type QueueUrls } from './make.ts';

/** The name of a new, empty bucket. */
export function makeBucket(options: { versioning?: boolean } = {}): Promise<string> {
  return makeBucketAt(inject('endpoint'), options);
}

/** The URLs of a new queue and of the queue of its dead letters. */
export function makeQueue(settings: QueueSettings = {}): Promise<QueueUrls> {
  return makeQueueAt(inject('endpoint'), settings);
}
