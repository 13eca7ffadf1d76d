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

  it('is given up on what it cannot take in three requests, which is not refused', async () => {
    const throttled = [null, 'ThrottlingException'];
    const { client, requests } = clientOf([throttled, ['InternalFailure'], ['ThrottlingException']]);
    const [first, second] = eventsOf(2);
    expect(await eventBridgeBus(client, 'default').send([first, second] as BusEvent[])).toEqual([
      { event: second, why: 'event bus default: ThrottlingException: injected', isRefused: false },
    ]);
    expect(requests.map(indicesOf)).toEqual([[0, 1], [1], [1]]);
  });

  it('is not asked again for what it refuses, and takes all others', async () => {
    const events = eventsOf(14);
    const { client, requests } = clientOf([
      [null, 'MalformedDetail', 'ThrottlingException', 'NotAuthorizedForDetailTypeException'],
      ['InvalidArgument'],
      [null, 'RedactionFailure'],
    ]);
    const unsent = await eventBridgeBus(client, 'default').send(events);
    expect(unsent).toEqual([
      { event: events[1], why: 'event bus default: MalformedDetail: injected', isRefused: true },
      // Rights can be given later.
      { event: events[3], why: 'event bus default: NotAuthorizedForDetailTypeException: injected', isRefused: false },
      { event: events[2], why: 'event bus default: InvalidArgument: injected', isRefused: true },
      { event: events[11], why: 'event bus default: RedactionFailure: injected', isRefused: true },
    ]);
    expect(requests.map(indicesOf)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [2], [10, 11, 12, 13]]);
  });

  it('has all that it did not take told with the reason where it is away, after one request', async () => {
    const events = eventsOf(25);
    const { client, requests } = clientOf([[], new Error('socket hang up')]);
    const unsent = await eventBridgeBus(client, 'shop').send(events);
    expect(unsent).toEqual(
      events.slice(10).map((event) => ({ event, why: 'event bus shop: socket hang up', isRefused: false })),
    );
    expect(requests).toHaveLength(2);
  });

  it('gets the others where no request can hold one', async () => {
    const { client, requests } = clientOf([]);
    const large: BusEvent = { type: 'scores.failed', time: TIME, detail: { message: 'a'.repeat(262_144) } };
    expect(await eventBridgeBus(client, 'default').send([large, ...eventsOf(1)])).toEqual([
      { event: large, why: 'event must have at most 262144 bytes, got 262196', isRefused: true },
    ]);
    expect(requests.map(indicesOf)).toEqual([[0]]);
  });
});
