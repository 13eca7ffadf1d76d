import { describe, expect, it } from 'vitest';
import type { BusEvent } from '../../../lib/queue/event-bus.ts';
import { type EventOutbox, eventOutbox, tellingEnds } from '../../../lib/scoring/handlers/event-outbox.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { Store } from '../../../lib/store/store.ts';
import { directTools, planWork, shardWork } from '../world/steps.ts';
import { arrivalAt, fakeFiles, KEY, MODEL, memoryStore, putCandidate, TWO_SHARDS } from '../world/world.ts';

/** A bus that is away until it is told otherwise, or refuses what is of one key, and a store that can be full. */
function place() {
  const store = memoryStore();
  const state: { isAway: boolean; isFull: boolean; refused?: string } = { isAway: false, isFull: false };
  const events: BusEvent[] = [];
  const errors: [string, unknown][] = [];
  const bus = {
    async send(sent: readonly BusEvent[]) {
      if (state.isAway) return sent.map((event) => ({ event, why: 'event bus is away', isRefused: false }));
      const isRefused = ({ detail }: BusEvent) => 'key' in detail && detail.key === state.refused;
      events.push(...sent.filter((event) => !isRefused(event)));
      return sent.filter(isRefused).map((event) => ({ event, why: 'MalformedDetail', isRefused: true }));
    },
  };
  const log = { info: () => undefined, error: (...line: [string, unknown]) => void errors.push(line) };
  const put: Store['put'] = (...args) => (state.isFull ? Promise.reject(new Error('no bucket')) : store.put(...args));
  return { store, state, events, errors, outbox: eventOutbox({ store: { ...store, put }, bus, log }) };
}

/** Scores a file of two shards, with every message delivered so many times. */
async function score(store: ReturnType<typeof memoryStore>, { onEnded }: EventOutbox, times = 1) {
  const file = await putCandidate(store, 1);
  const tools = { ...directTools(store), onEnded };
  const files = fakeFiles(TWO_SHARDS);
  for (let time = 0; time < times; time++) {
    await planWork(file, files, MODEL)(tools);
    for (const shard of TWO_SHARDS.keys()) await shardWork(file, shard, files)(tools);
  }
  return file;
}

/** Has arrivals of keys that cannot have scores handled. */
async function refuseKeys(
  store: ReturnType<typeof memoryStore>,
  { onEnded }: EventOutbox,
  keys: readonly string[],
): Promise<void> {
  const tools = { ...directTools(store), onEnded, files: fakeFiles(TWO_SHARDS), inOneGo: null };
  const models = { current: async () => MODEL };
  for (const key of keys) await planFile({ ...tools, models }, arrivalAt(key, 'v1', 1));
}

async function keptKeys(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('_events/')) keys.push(key);
  return keys;
}

describe('the events of ended files', () => {
  it('are sent with rows, rejects, version and seconds', async () => {
    const { store, events, outbox } = place();
    const file = await score(store, outbox);
    expect(events).toEqual([]);
    await outbox.flush();
    expect(events).toEqual([
      {
        type: 'scores.done',
        time: expect.any(Date),
        detail: expect.objectContaining({
          key: KEY,
          source: file.source,
          model: 'hillstrom',
          version: 'm1',
          rowsIn: 20,
          scored: 18,
          rejected: 2,
          seconds: expect.any(Number),
        }),
      },
    ]);
    await outbox.flush();
    expect(events).toHaveLength(1);
  });

  it('are sent again for a message that comes again: an interrupted handler may not have sent them', async () => {
    const { store, events, outbox } = place();
    const first = await score(store, outbox);
    // The process dies here, before it has sent anything.
    const successor = place();
    await planWork(first, fakeFiles(TWO_SHARDS), MODEL)({ ...directTools(store), onEnded: successor.outbox.onEnded });
    await successor.outbox.flush();
    expect(events).toEqual([]);
    expect(successor.events).toMatchObject([{ type: 'scores.done', detail: { source: first.source } }]);
  });

  it('report a key that cannot have scores', async () => {
    const { store, events, outbox } = place();
    await refuseKeys(store, outbox, ['candidates/notes.txt']);
    await outbox.flush();
    expect(events).toMatchObject([
      { type: 'scores.failed', detail: { key: 'candidates/notes.txt', reason: 'key_extension' } },
    ]);
  });

  it('are kept while the bus is away, however often a file ends, and sent then, once', async () => {
    const { store, state, events, errors, outbox } = place();
    state.isAway = true;
    await score(store, outbox, 3);
    await outbox.flush();
    expect(errors[0]).toEqual(['events not sent', { events: expect.any(Number), why: 'event bus is away' }]);
    expect(await keptKeys(store)).toHaveLength(1);
    expect(await outbox.resend()).toBe(0);
    expect(errors[1]).toEqual(['kept events not sent', { events: 1, why: 'event bus is away' }]);
    state.isAway = false;
    expect(await outbox.resend()).toBe(1);
    expect(events).toMatchObject([{ type: 'scores.done', time: expect.any(Date), detail: { key: KEY, scored: 18 } }]);
    expect(await keptKeys(store)).toEqual([]);
    expect(await outbox.resend()).toBe(0);
  });

  it('are in the log where neither bus nor bucket takes them, and no file fails for that', async () => {
    const { store, state, errors, outbox } = place();
    await score(store, outbox);
    Object.assign(state, { isAway: true, isFull: true });
    await outbox.flush();
    expect(errors[1]).toMatchObject(['events lost', { events: [{ detail: { key: KEY } }], why: 'no bucket' }]);
  });

  it('are told once and kept no longer where the bus refuses one of them, and the others are sent', async () => {
    const { store, state, events, errors, outbox } = place();
    state.isAway = true;
    await refuseKeys(store, outbox, ['candidates/a.txt', 'candidates/b.txt', 'candidates/c.txt']);
    await outbox.flush();
    expect(await keptKeys(store)).toHaveLength(3);
    Object.assign(state, { isAway: false, refused: 'candidates/b.txt' });
    errors.length = 0;
    expect(await outbox.resend()).toBe(2);
    expect(events.map(({ detail }) => 'key' in detail && detail.key).toSorted()).toEqual([
      'candidates/a.txt',
      'candidates/c.txt',
    ]);
    expect(errors).toEqual([
      [
        'event refused',
        {
          event: {
            type: 'scores.failed',
            time: expect.any(Date),
            detail: expect.objectContaining({ key: 'candidates/b.txt', reason: 'key_extension' }),
          },
          why: 'MalformedDetail',
        },
      ],
    ]);
    expect(await keptKeys(store)).toEqual([]);
  });

  it('are told and not kept where the bus refuses them at first', async () => {
    const { store, state, errors, outbox } = place();
    state.refused = 'candidates/b.txt';
    await refuseKeys(store, outbox, ['candidates/b.txt']);
    await outbox.flush();
    expect(errors).toEqual([['event refused', expect.objectContaining({ why: 'MalformedDetail' })]]);
    expect(await keptKeys(store)).toEqual([]);
  });

  it('are sent although another kept one cannot be read, which is told and left', async () => {
    const { store, state, errors, outbox } = place();
    state.isAway = true;
    await score(store, outbox);
    await outbox.flush();
    await store.put('_events/damaged.json', '{"type": "scores.don');
    Object.assign(state, { isAway: false });
    errors.length = 0;
    expect(await outbox.resend()).toBe(1);
    expect(errors).toEqual([
      [
        'kept event not read',
        { why: `_events/damaged.json is not JSON, got ${JSON.stringify('{"type": "scores.don')} (in ${store.url})` },
      ],
    ]);
    expect(await keptKeys(store)).toEqual(['_events/damaged.json']);
  });

  it('are sent after each batch, also after one that fails', async () => {
    const { store, events, outbox } = place();
    const fails = tellingEnds(async () => {
      await score(store, outbox);
      throw new Error('batch failed');
    }, outbox);
    await expect(fails({ Records: [] })).rejects.toThrow('batch failed');
    expect(events).toMatchObject([{ type: 'scores.done', detail: { key: KEY } }]);
  });
});
