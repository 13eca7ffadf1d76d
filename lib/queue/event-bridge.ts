import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE } from '../contract/events.ts';
import { type AwsConnection, awsSettings } from '../store/aws/aws-settings.ts';
import { withRetries } from '../store/retry.ts';
import { batchesOf } from './batches.ts';
import type { BusEvent, EventBus } from './event-bus.ts';

const RETRIES = { attempts: 3, firstDelayMs: 100 };
// Of an entry beside its texts, by AWS's rule for the size of an entry: the time.
const TIME_BYTES = 14;

/** Sends as the client of AWS does; a test's own, too. */
export type EventsClient = Pick<EventBridgeClient, 'send'>;

/**
 * Opens an event bus of EventBridge by its name.
 * @throws {RangeError} by `send` before anything is sent, where an event is larger than 256 KiB.
 */
export function openEventBus(name: string, connection: AwsConnection = {}): EventBus {
  return eventBridgeBus(new EventBridgeClient(awsSettings('EVENTBRIDGE', connection)), name);
}

/** The event bus of a client. */
export function eventBridgeBus(client: EventsClient, name: string): EventBus {
  return {
    async send(events) {
      const entries = events.map((event) => entryOf(event, name));
      for (const batch of batchesOf(entries, bytesOf, 'event')) await sendBatch(client, name, batch);
    },
  };
}

function entryOf({ type, time, detail }: BusEvent, bus: string): PutEventsRequestEntry {
  return { EventBusName: bus, Source: EVENT_SOURCE, DetailType: type, Time: time, Detail: JSON.stringify(detail) };
}

function bytesOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return TIME_BYTES + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);
}

/** Sends one batch, and again those of its events that EventBridge could not take. */
async function sendBatch(client: EventsClient, bus: string, entries: readonly PutEventsRequestEntry[]): Promise<void> {
  let left = entries;
  let mayPass = false;
  const send = async () => {
    mayPass = false;
    const results = await resultsOf(client, bus, left);
    const failed = results.filter(({ ErrorCode }) => ErrorCode !== undefined);
    const [first] = failed;
    if (first === undefined) return;
    // An event is refused for itself, or for a reason that may pass.
    mayPass = failed.every(({ ErrorCode }) => ErrorCode === 'ThrottlingException' || ErrorCode === 'InternalFailure');
    left = left.filter((_, index) => results[index]?.ErrorCode !== undefined);
    const why = `${first.ErrorCode}: ${first.ErrorMessage ?? ''}`;
    throw new Error(`cannot send ${failed.length} of ${entries.length} events to event bus ${bus}: ${why}`);
  };
  await withRetries(send, { ...RETRIES, mayPass: () => mayPass });
}

async function resultsOf(
  client: EventsClient,
  bus: string,
  entries: readonly PutEventsRequestEntry[],
): Promise<readonly PutEventsResultEntry[]> {
  try {
    const { Entries } = await client.send(new PutEventsCommand({ Entries: [...entries] }));
    return Entries ?? [];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot send ${entries.length} events to event bus ${bus}: ${why}`, { cause });
  }
}
