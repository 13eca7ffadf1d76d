import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE } from '../contract/events.ts';
import { type AwsConnection, awsSettings } from '../store/aws/aws-settings.ts';
import { withRetries } from '../store/retry.ts';
import { batchesOf, MOST_BYTES, tooLargeText } from './batches.ts';
import type { BusEvent, EventBus, UnsentEvent } from './event-bus.ts';

const RETRIES = { attempts: 3, firstDelayMs: 100 };
// Of an entry beside its texts, by AWS's rule for the size of an entry: the time.
const TIME_BYTES = 14;

/** Codes of PutEventsResultEntry that may pass, and those of an event itself; the others are of rights and accounts. */
const PASSING: readonly string[] = ['ThrottlingException', 'InternalFailure'];
const REFUSALS: readonly string[] = ['InvalidArgument', 'MalformedDetail', 'RedactionFailure'];

/** Sends as the client of AWS does; a test's own, too. */
export type EventsClient = Pick<EventBridgeClient, 'send'>;

/** An event, and how it is sent. */
interface Entry {
  readonly event: BusEvent;
  readonly request: PutEventsRequestEntry;
}

/** An entry that was not taken, and EventBridge's code. */
interface FailedEntry {
  readonly entry: Entry;
  readonly code: string;
  readonly why: string;
}

/** Opens an event bus of EventBridge by its name. */
export function openEventBus(name: string, connection: AwsConnection = {}): EventBus {
  return eventBridgeBus(new EventBridgeClient(awsSettings('EVENTBRIDGE', connection)), name);
}

/** The event bus of a client. */
export function eventBridgeBus(client: EventsClient, name: string): EventBus {
  return {
    async send(events) {
      const entries = events.map((event) => ({ event, request: requestOf(event, name) }));
      const sendable = entries.filter((entry) => bytesOf(entry) <= MOST_BYTES);
      const unsent = entries.flatMap((entry): UnsentEvent[] => {
        if (sendable.includes(entry)) return [];
        return [{ event: entry.event, why: tooLargeText('event', bytesOf(entry)), isRefused: true }];
      });
      const batches = batchesOf(sendable, bytesOf, 'event');
      for (const [index, batch] of batches.entries()) {
        try {
          unsent.push(...(await sendBatch(client, name, batch)));
        } catch (error) {
          const why = `event bus ${name}: ${error instanceof Error ? error.message : String(error)}`;
          const left = batches.slice(index).flat();
          unsent.push(...left.map(({ event }) => ({ event, why, isRefused: false })));
          // Each request waits for a bus that is away: further ones would take minutes.
          break;
        }
      }
      return unsent;
    },
  };
}

function requestOf({ type, time, detail }: BusEvent, bus: string): PutEventsRequestEntry {
  return { EventBusName: bus, Source: EVENT_SOURCE, DetailType: type, Time: time, Detail: JSON.stringify(detail) };
}

function bytesOf({ request: { Source = '', DetailType = '', Detail = '' } }: Entry): number {
  return TIME_BYTES + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);
}

/**
 * Sends one batch, and again those of its events that EventBridge could not take for a reason that may pass.
 * @throws what a request as a whole fails with.
 */
async function sendBatch(client: EventsClient, bus: string, batch: readonly Entry[]): Promise<UnsentEvent[]> {
  const lasting: FailedEntry[] = [];
  let passing: FailedEntry[] = [];
  let left = batch;
  const isPassing = ({ code }: FailedEntry) => PASSING.includes(code);
  const send = async () => {
    const failed = await failedOf(client, left);
    lasting.push(...failed.filter((one) => !isPassing(one)));
    passing = failed.filter(isPassing);
    left = passing.map(({ entry }) => entry);
    if (left.length > 0) throw new NotYetTaken();
  };
  await withRetries(send, { ...RETRIES, mayPass: isNotYetTaken }).catch((error) => {
    if (!isNotYetTaken(error)) throw error;
  });
  return [...lasting, ...passing].map(({ entry: { event }, code, why }) => ({
    event,
    why: `event bus ${bus}: ${why}`,
    isRefused: REFUSALS.includes(code),
  }));
}

/** Sends entries, and returns those that were not taken. */
async function failedOf(client: EventsClient, entries: readonly Entry[]): Promise<FailedEntry[]> {
  const command = new PutEventsCommand({ Entries: entries.map(({ request }) => request) });
  const results: readonly PutEventsResultEntry[] = (await client.send(command)).Entries ?? [];
  return entries.flatMap((entry, index) => {
    const { ErrorCode: code, ErrorMessage = '' } = results[index] ?? {};
    return code === undefined ? [] : [{ entry, code, why: `${code}: ${ErrorMessage}` }];
  });
}

/** Thrown where events of a batch may be taken the next time. */
class NotYetTaken extends Error {}

function isNotYetTaken(error: unknown): boolean {
  return error instanceof NotYetTaken;
}
