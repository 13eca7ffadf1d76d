import { describe, expect, it } from 'vitest';
import type { BusEvent } from '../../../lib/queue/event-bus.ts';
import { type EventOutbox, eventOutbox } from '../../../lib/scoring/handlers/event-outbox.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { Store } from '../../../lib/store/store.ts';
import { directTools, planWork, shardWork } from '../world/steps.ts';
import { arrivalAt, fakeFiles, KEY, MODEL, memoryStore, putCandidate, TWO_SHARDS } from '../world/world.ts';

/** A bus that is away until it is told otherwise, and a store that can be full. */
function place() {
  const store = memoryStore();
  const state = { isAway: false, isFull: false };
  const events: BusEvent[] = [];
  const errors: [string, unknown][] = [];
  const bus = {
    async send(sent: readonly BusEvent[]) {
      if (state.isAway) throw new Error('event bus is away');
      events.push(...sent);
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

  it('are sent again for a message that comes again: whoever was killed before may not have', async () => {
    const { store, events, outbox } = place();
    const first = await score(store, outbox);
    // The process dies here, before it has sent anything.
    const successor = place();
    await planWork(first, fakeFiles(TWO_SHARDS), MODEL)({ ...directTools(store), onEnded: successor.outbox.onEnded });
    await successor.outbox.flush();
    expect(events).toEqual([]);
    expect(successor.events).toMatchObject([{ type: 'scores.done', detail: { source: first.source } }]);
  });

  it('tell of a key that cannot have scores', async () => {
    const { store, events, outbox } = place();
    const tools = { ...directTools(store), onEnded: outbox.onEnded, files: fakeFiles(TWO_SHARDS), inOneGo: null };
    const models = { current: async () => MODEL };
    await planFile({ ...tools, models }, arrivalAt('candidates/notes.txt', 'v1', 1));
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
    expect(errors[1]).toEqual(['kept events not sent', { why: 'event bus is away' }]);
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
});
