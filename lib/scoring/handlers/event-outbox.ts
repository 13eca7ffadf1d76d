/**
 * Events of ended files on their way to EventBridge. They are sent after the files are published, and what cannot be
 * sent is kept in the bucket, so that an event bus that is away fails no file. A function that is killed before has its
 * messages delivered again, and the ends of their files are handled again: each event is sent at least once.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { PREFIXES, unsentEventKey } from '../../contract/bucket.ts';
import { EVENT_TYPES } from '../../contract/events.ts';
import { type BusEvent, type EventBus, tellRefused } from '../../queue/event-bus.ts';
import type { BatchHandler } from '../../queue/in-process-queue.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { InvalidRecordError, readRecord, recordText } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { firstLine } from '../../table/errors.ts';
import type { FileEnd, Logger } from '../protocol/ports.ts';
import { eventOfEnd } from './file-events.ts';

/** A file is done before its event is sent, so that little time is given to an event bus that is away. */
export const EVENT_BUS_PATIENCE = { maxAttempts: 2, idleMs: 3_000 };

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
  /** Sends what has ended since the last time, or keeps it in the bucket; what is refused is told. Never throws. */
  flush(): Promise<void>;
  /** Sends events that were kept, and removes what was sent or refused; returns how many were sent. Never throws. */
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
      const left = tellRefused(log, await bus.send(events));
      if (left.length === 0) return;
      log.error('events not sent', { events: left.length, why: left[0]?.why });
      await keep(
        options,
        left.map(({ event }) => event),
      );
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

/** Has the ends of files sent after each batch, also after one that fails; without an outbox nothing is. */
export function tellingEnds(handler: BatchHandler, outbox: Pick<EventOutbox, 'flush'> | null): BatchHandler {
  return async (event) => {
    try {
      return await handler(event);
    } finally {
      await outbox?.flush();
    }
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
  const kept = await readKept(store, log);
  const unsent = await bus.send(kept.map(({ event }) => event));
  const left = tellRefused(log, unsent);
  const stays = new Set(left.map(({ event }) => event));
  // A refused one would be refused again: it is in the log.
  await mapAtOnce(
    kept.filter(({ event }) => !stays.has(event)),
    ({ key }) => store.delete(key),
  );
  const sent = kept.length - unsent.length;
  if (sent > 0) log.info('kept events sent', { events: sent });
  if (left.length > 0) log.error('kept events not sent', { events: left.length, why: left[0]?.why });
  return sent;
}

/** Returns the events that are kept; those that cannot be read are told, and left where they are. */
async function readKept(store: Store, log: Logger): Promise<{ readonly key: string; readonly event: BusEvent }[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(PREFIXES.events)) if (keys.push(key) === MOST_RESENT) break;
  const kept = await mapAtOnce(keys, async (key) => {
    try {
      const record = await readRecord(store, UNSENT, { key });
      return record === null ? [] : [{ key, event: { ...record.value, time: new Date(record.value.time) } }];
    } catch (error) {
      if (!(error instanceof InvalidRecordError)) throw error;
      log.error('kept event not read', { why: error.message });
      return [];
    }
  });
  return kept.flat();
}
