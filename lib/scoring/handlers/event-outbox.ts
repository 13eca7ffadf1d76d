/**
 * Events of ended files on their way to EventBridge. They are sent after the files are published, and what cannot be
 * sent is kept in the bucket, so that an event bus that is away fails no file. A function that is killed before has its
 * messages delivered again, and the ends of their files are handled again: each event is sent at least once.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { PREFIXES, unsentEventKey } from '../../contract/bucket.ts';
import { EVENT_TYPES } from '../../contract/events.ts';
import type { BusEvent, EventBus } from '../../queue/event-bus.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { readRecord, recordText } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { firstLine } from '../../table/errors.ts';
import type { FileEnd, Logger } from '../protocol/ports.ts';
import { eventOfEnd } from './file-events.ts';

/** Kept events that one run sends again: it has other work to do. */
const MOST_RESENT = 1_000;

const UNSENT = {
  schema: z
    .object({
      type: z.enum([EVENT_TYPES.scored, EVENT_TYPES.failed]),
      time: z.iso.datetime(),
      detail: z.looseObject({}),
    })
    .readonly(),
};

export interface EventOutboxOptions {
  readonly store: Store;
  readonly bus: EventBus;
  readonly log: Logger;
}

/** Collects the ends of files, and sends them. */
export interface EventOutbox {
  readonly onEnded: (end: FileEnd) => void;
  /** Sends what has ended since the last time, or keeps it in the bucket. Never throws. */
  flush(): Promise<void>;
  /** Sends events that were kept, and removes them then; returns how many. Never throws. */
  resend(): Promise<number>;
}

/** The outbox of a function. */
export function eventOutbox(options: EventOutboxOptions): EventOutbox {
  const { bus, log } = options;
  let waiting: BusEvent[] = [];
  return {
    onEnded: (end) => void waiting.push(busEventOf(end)),
    async flush() {
      if (waiting.length === 0) return;
      const events = waiting;
      waiting = [];
      try {
        await bus.send(events);
      } catch (error) {
        log.error('events not sent', { events: events.length, why: firstLine(error) });
        await keep(options, events);
      }
    },
    async resend() {
      try {
        return await resendKept(options);
      } catch (error) {
        log.error('kept events not sent', { why: firstLine(error) });
        return 0;
      }
    },
  };
}

function busEventOf(end: FileEnd): BusEvent {
  const { name, details } = eventOfEnd(end);
  return {
    type: name,
    time: new Date('finishedAt' in details ? details.finishedAt : details.failedAt),
    detail: details,
  };
}

async function keep({ store, log }: EventOutboxOptions, events: readonly BusEvent[]): Promise<void> {
  try {
    await mapAtOnce(events, async ({ type, time, detail }) => {
      const text = recordText({ type, time: time.toISOString(), detail });
      await store.put(unsentEventKey(createHash('sha256').update(text).digest('hex')), text);
    });
  } catch (error) {
    log.error('events lost', { events, why: firstLine(error) });
  }
}

async function resendKept({ store, bus, log }: EventOutboxOptions): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of store.list(PREFIXES.events)) if (keys.push(key) === MOST_RESENT) break;
  const kept = await mapAtOnce(keys, async (key) => (await readRecord(store, UNSENT, { key }))?.value ?? null);
  const events = kept.flatMap((one) => (one === null ? [] : [{ ...one, time: new Date(one.time) }]));
  if (events.length === 0) return 0;
  await bus.send(events);
  await mapAtOnce(keys, (key) => store.delete(key));
  log.info('kept events sent', { events: events.length });
  return events.length;
}
