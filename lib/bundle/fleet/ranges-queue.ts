/** The queue of ranges to encode, as an export sees it. */
import { openInbox, openQueue } from '../../queue/open-queue.ts';
import type { Queue } from '../../queue/queue.ts';

/** A range that was tried too often. */
export interface DeadRange {
  /** The body of its message. */
  readonly body: string;
  /** Why it failed at last; `null` where the queue does not know. */
  readonly error: string | null;
  /** Takes it out of the dead letters. */
  remove(): Promise<void>;
}

export interface RangesQueue extends Queue {
  /** Returns the ranges that were given up, those of other exports included. Each may be returned again later. */
  deadRanges(): Promise<readonly DeadRange[]>;
}

/** URLs of the queue of SQS, and of that of its dead letters. */
export interface RangesUrls {
  readonly url: string;
  readonly deadUrl: string;
}

/** Opens the queue in SQS. */
export function openRanges({ url, deadUrl }: RangesUrls): RangesQueue {
  const queue = openQueue(url);
  const dead = openInbox(deadUrl);
  return {
    send: (bodies) => queue.send(bodies),
    async deadRanges() {
      return (await dead.read()).map(({ body, receiptHandle }) => {
        return { body, error: null, remove: () => dead.remove(receiptHandle) };
      });
    },
  };
}
