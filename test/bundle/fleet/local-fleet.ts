/** The functions that encode ranges, over a queue in this process. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRange, type RangeEncoder } from '../../../lib/bundle/fleet/encode-range.ts';
import { RangeProcess } from '../../../lib/bundle/fleet/range-process.ts';
import type { RangesQueue } from '../../../lib/bundle/fleet/ranges-queue.ts';
import { parseRangeMessage } from '../../../lib/bundle/fleet/records.ts';
import { type BatchHandler, inProcessQueue, type QueueOptions } from '../../../lib/queue/in-process-queue.ts';
import { eachMessage } from '../../../lib/scoring/handlers/each-message.ts';
import type { Store } from '../../../lib/store/store.ts';

export interface LocalFleetOptions {
  readonly store: Store;
  /** An existing folder for scratch files. */
  readonly scratch: string;
  readonly encoder: RangeEncoder;
  /** Functions at the same time. @default 1 */
  readonly concurrency?: number;
  /** How often each message is sent. @default once */
  readonly times?: number;
  readonly newWriterId: () => string;
  readonly queueOptions?: QueueOptions;
  /** Called with what became of each message. */
  readonly onHandled?: (details: Readonly<Record<string, unknown>>) => void;
  /** Called where a message failed. */
  readonly onFailed?: () => void;
}

/** A queue whose messages functions take at once. An export that looks for dead letters first waits for all of them. */
export function localFleet(options: LocalFleetOptions): RangesQueue & { readonly settled: () => Promise<void> } {
  const { concurrency = 1, times = 1, queueOptions = {}, onHandled, onFailed } = options;
  const queue = inProcessQueue('ranges', queueOptions);
  const log = {
    info: (_: string, details: Readonly<Record<string, unknown>>) => onHandled?.(details),
    error(_: string, { messageId, error }: Readonly<Record<string, unknown>>) {
      queue.noteError(String(messageId), (error as Error).message);
      onFailed?.();
    },
  };
  const handler: BatchHandler = eachMessage(log, 'range', (body) => encodeRange(options, parseRangeMessage(body)));
  const removed = new Set<string>();
  let driving: Promise<void> = Promise.resolve();
  return {
    async send(bodies) {
      for (let time = 0; time < times; time++) await queue.send(bodies);
      driving = Promise.all([driving, queue.drive(handler, { concurrency })]).then(() => undefined);
    },
    async deadRanges() {
      await driving;
      return queue
        .deadLetters()
        .filter(({ messageId }) => !removed.has(messageId))
        .map(({ messageId, body, error }) => ({ body, error, remove: async () => void removed.add(messageId) }));
    },
    settled: () => driving,
  };
}

/** Processes that encode, as many as functions, each for one range at a time. */
export async function rangeProcesses(store: Store, scratch: string, count: number) {
  const idle: RangeProcess[] = [];
  for (let index = 0; index < count; index++) {
    const own = join(scratch, `process-${index}`);
    await mkdir(own);
    idle.push(new RangeProcess({ store, scratch: own, threads: 1, memoryLimitMiB: 512 }));
  }
  const all = [...idle];
  const encoder: RangeEncoder = {
    async encode(...request) {
      const process = idle.pop();
      if (process === undefined) throw new Error(`more than ${count} ranges at once`);
      try {
        return await process.encode(...request);
      } finally {
        idle.push(process);
      }
    },
  };
  return { encoder, close: () => Promise.all(all.map((process) => process.close())) };
}
