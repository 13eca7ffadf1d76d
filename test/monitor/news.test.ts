import { describe, expect, it } from 'vitest';
import type { Judged, Level } from '../../lib/monitor/judge.ts';
import { keepNews, tellNews } from '../../lib/monitor/news.ts';
import type { BusEvent, EventBus } from '../../lib/queue/event-bus.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';

const AT = new Date('2026-11-07T06:00:00.000Z');
const DAY_MS = 86_400_000;

function found(subject: string, level: Level, value = 1): Judged {
  return {
    check: 'missing',
    subject,
    version: '20261101-030000-0000aaaa',
    day: '2026-11-06',
    level,
    value,
    interval: null,
    limit: 0.25,
    isProvisional: false,
    text: `${subject} on 2026-11-06: 100% of the rows have no value`,
    advice: 'look at the job',
  };
}

/** A bus that is away, or takes all events but those of some subjects. */
function busOf({ isAway = false, refused = '' } = {}) {
  const events: BusEvent[] = [];
  const bus: EventBus = {
    async send(sent) {
      if (isAway) return sent.map((event) => ({ event, why: 'event bus is away', isRefused: false }));
      const isRefused = ({ detail }: BusEvent) => (detail as Judged).subject === refused;
      events.push(...sent.filter((event) => !isRefused(event)));
      return sent.filter(isRefused).map((event) => ({ event, why: 'MalformedDetail', isRefused: true }));
    },
  };
  return { bus, events };
}

const subjectsOf = (events: readonly BusEvent[]) =>
  events.map(({ type, detail }) => [type, (detail as Judged).subject]);

describe('news', () => {
  it('are told once, by level, with what to look at', async () => {
    const store = memoryStore();
    await keepNews(store, 'shop', { news: [found('price', 'act'), found('item', 'watch')], at: AT });
    const { bus, events } = busOf();
    expect(await tellNews(store, 'shop', bus)).toEqual({ told: 2, unsent: [] });
    expect(events[0]).toEqual({
      type: 'monitor.act',
      time: AT,
      detail: {
        model: 'shop',
        page: `${store.url}/monitoring/shop/index.html`,
        id: '2026-11-06 missing price act',
        foundAt: AT.toISOString(),
        level: 'act',
        check: 'missing',
        subject: 'price',
        version: '20261101-030000-0000aaaa',
        day: '2026-11-06',
        value: 1,
        limit: 0.25,
        provisional: false,
        text: 'price on 2026-11-06: 100% of the rows have no value',
        advice: 'look at the job',
      },
    });
    expect(subjectsOf(events)).toEqual([
      ['monitor.act', 'price'],
      ['monitor.watch', 'item'],
    ]);
    expect(await tellNews(store, 'shop', bus)).toEqual({ told: 0, unsent: [] });
    expect(events).toHaveLength(2);
  });

  it('that could not be told are told with the next ones', async () => {
    const store = memoryStore();
    await keepNews(store, 'shop', { news: [found('price', 'watch')], at: AT });
    expect(await tellNews(store, 'shop', busOf({ isAway: true }).bus)).toMatchObject({
      told: 0,
      unsent: [{ event: { detail: { subject: 'price' } }, why: 'event bus is away', isRefused: false }],
    });
    // A run that was interrupted finds the same again; and then it is worse.
    await keepNews(store, 'shop', { news: [found('price', 'watch')], at: AT });
    await keepNews(store, 'shop', { news: [found('price', 'act')], at: AT });
    const { bus, events } = busOf();
    await tellNews(store, 'shop', bus);
    expect(subjectsOf(events)).toEqual([
      ['monitor.watch', 'price'],
      ['monitor.act', 'price'],
    ]);
  });

  it('that the bus refuses hold back no others, and are not told again', async () => {
    const store = memoryStore();
    await keepNews(store, 'shop', { news: [found('price', 'act'), found('item', 'act')], at: AT });
    const refusing = busOf({ refused: 'price' });
    expect(await tellNews(store, 'shop', refusing.bus)).toMatchObject({
      told: 1,
      unsent: [{ event: { detail: { subject: 'price' } }, why: 'MalformedDetail', isRefused: true }],
    });
    expect(subjectsOf(refusing.events)).toEqual([['monitor.act', 'item']]);
    const { bus, events } = busOf();
    expect(await tellNews(store, 'shop', bus)).toEqual({ told: 0, unsent: [] });
    expect(events).toEqual([]);
  });

  it('that are found while others are told are kept', async () => {
    const store = memoryStore();
    await keepNews(store, 'shop', { news: [found('price', 'act')], at: AT });
    await tellNews(store, 'shop', {
      async send() {
        await keepNews(store, 'shop', { news: [found('item', 'act')], at: AT });
        return [];
      },
    });
    const { bus, events } = busOf();
    await tellNews(store, 'shop', bus);
    expect(subjectsOf(events)).toEqual([['monitor.act', 'item']]);
  });

  it('are dropped after two weeks in which nobody could be told', async () => {
    const store = memoryStore();
    await keepNews(store, 'shop', { news: [found('price', 'act')], at: AT });
    await keepNews(store, 'shop', { news: [found('item', 'act')], at: new Date(AT.getTime() + 15 * DAY_MS) });
    const { bus, events } = busOf();
    await tellNews(store, 'shop', bus);
    expect(subjectsOf(events)).toEqual([['monitor.act', 'item']]);
  });

  it('may have a number without bounds', async () => {
    const store = memoryStore();
    await keepNews(store, 'shop', { news: [found('pcvr', 'act', Number.POSITIVE_INFINITY)], at: AT });
    const { bus, events } = busOf();
    await tellNews(store, 'shop', bus);
    expect(events).toMatchObject([{ detail: { value: null } }]);
  });
});
