import type { Queue } from '../../queue/queue.ts';
import type { Inbox } from '../../queue/sqs-inbox.ts';
import { parseArrivals } from '../protocol/events.ts';
import { checkCandidateKey, fileVersion } from '../protocol/keys.ts';
import { parseShardMessage } from '../protocol/messages.ts';
import type { ScoringDependencies } from '../protocol/ports.ts';
import type { DeadLetter } from '../protocol/reconcile.ts';
import { redriveFile } from '../protocol/redrive.ts';

/** The queues, and their queues of dead letters. */
export interface RedriveDependencies extends ScoringDependencies {
  readonly queues: Readonly<Record<DeadLetter['queue'], Queue>>;
  readonly dead: Readonly<Record<DeadLetter['queue'], Pick<Inbox, 'read' | 'remove'>>>;
}

/** The state of a dead letter's file after it was tried again. */
export interface Redriven {
  readonly source: string;
  /** `again`: it is scored once more; `succeeded`: it needs nothing, its letter was removed. */
  readonly status: 'again' | 'succeeded';
}

/**
 * Tries again what the dead letters of both queues stand for, once their cause is mended: reopens files that failed,
 * sends the messages of the others again, and takes the letters out of their queues. May be run again.
 */
export async function redriveDeadLetters(dependencies: RedriveDependencies): Promise<Redriven[]> {
  const { queues, dead } = dependencies;
  const redriven = new Map<string, Redriven['status']>();
  const reopened = new Set<string>();
  for (const queue of ['arrivals', 'shards'] as const) {
    for (const { body, receiptHandle } of await dead[queue].read()) {
      for (const source of sourcesOf(queue, body)) {
        // A file that arrives again has all its missing shards sent.
        if (reopened.has(source)) continue;
        const status = await redriveFile({ ...dependencies, arrivals: queues.arrivals }, source);
        if (status === 'failed' || status === 'reopened') reopened.add(source);
        // Nothing was decided yet: the message itself is all there is.
        if (status === 'open') await queues[queue].send([body]);
        redriven.set(source, status === 'succeeded' ? 'succeeded' : 'again');
      }
      await dead[queue].remove(receiptHandle);
    }
  }
  return [...redriven].map(([source, status]) => ({ source, status }));
}

function sourcesOf(queue: DeadLetter['queue'], body: string): string[] {
  if (queue === 'shards') return [parseShardMessage(body).source];
  return parseArrivals(body)
    .filter(({ key }) => checkCandidateKey(key).kind === 'candidate')
    .map((arrival) => fileVersion(arrival).source);
}
