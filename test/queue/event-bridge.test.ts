import type { PutEventsCommandInput, PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { type EventsClient, eventBridgeBus } from '../../lib/queue/event-bridge.ts';
import type { BusEvent } from '../../lib/queue/event-bus.ts';

const TIME = new Date('2026-11-06T06:00:00.000Z');

function eventsOf(number: number): BusEvent[] {
  return Array.from({ length: number }, (_, index) => ({ type: 'scores.done', time: TIME, detail: { index } }));
}

/** A client whose requests are answered in turn: with an error code for each entry, or by throwing. */
function clientOf(answers: readonly (readonly (string | null)[] | Error)[]) {
  const requests: PutEventsCommandInput['Entries'][] = [];
  const send = async ({ input }: { readonly input: PutEventsCommandInput }) => {
    requests.push(input.Entries);
    const answer = answers[requests.length - 1] ?? [];
    if (answer instanceof Error) throw answer;
    const Entries = (input.Entries ?? []).map((_, index): PutEventsResultEntry => {
      const code = answer[index] ?? null;
      return code === null ? { EventId: `id-${index}` } : { ErrorCode: code, ErrorMessage: 'injected' };
    });
    return { Entries };
  };
  return { client: { send } as unknown as EventsClient, requests };
}

const indicesOf = (entries: PutEventsCommandInput['Entries']) =>
  entries?.map(({ Detail = '' }) => JSON.parse(Detail).index);

describe('a bus of EventBridge', () => {
  it('gets each event with source, type, time and detail', async () => {
    const { client, requests } = clientOf([]);
    await eventBridgeBus(client, 'default').send(eventsOf(1));
    expect(requests).toEqual([
      [
        {
          EventBusName: 'default',
          Source: 'entirespace',
          DetailType: 'scores.done',
          Time: TIME,
          Detail: '{"index":0}',
        },
      ],
    ]);
  });

  it('gets ten at a time', async () => {
    const { client, requests } = clientOf([]);
    await eventBridgeBus(client, 'default').send(eventsOf(23));
    expect(requests.map((entries) => entries?.length)).toEqual([10, 10, 3]);
  });

  it('gets those again that it could not take, and no others', async () => {
    const { client, requests } = clientOf([
      [null, 'ThrottlingException', null, 'InternalFailure'],
      [null, 'InternalFailure'],
    ]);
    await eventBridgeBus(client, 'default').send(eventsOf(4));
    expect(requests.map(indicesOf)).toEqual([[0, 1, 2, 3], [1, 3], [3]]);
  });

  it('is not asked again for what it refuses', async () => {
    const { client, requests } = clientOf([[null, 'NotAuthorizedForSourceException']]);
    await expect(eventBridgeBus(client, 'default').send(eventsOf(2))).rejects.toThrow(
      'cannot send 1 of 2 events to event bus default: NotAuthorizedForSourceException: injected',
    );
    expect(requests).toHaveLength(1);
  });

  it('fails by name where it is away', async () => {
    const { client } = clientOf([new Error('socket hang up')]);
    await expect(eventBridgeBus(client, 'shop').send(eventsOf(2))).rejects.toThrow(
      'cannot send 2 events to event bus shop: socket hang up',
    );
  });

  it('refuses an event that no request can hold, before it sends any', async () => {
    const { client, requests } = clientOf([]);
    const large: BusEvent = { type: 'scores.failed', time: TIME, detail: { message: 'a'.repeat(262_144) } };
    await expect(eventBridgeBus(client, 'default').send([...eventsOf(1), large])).rejects.toThrow(
      new RangeError('event must have at most 262144 bytes, got 262196'),
    );
    expect(requests).toEqual([]);
  });
});
