/**
 * Findings that have not been told as events, `monitoring/<model>/news.json`: every run adds those that are new, also a
 * run by hand, and what was told is removed. So each is told at least once.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { monitoringKey } from '../contract/bucket.ts';
import { EVENT_TYPES } from '../contract/events.ts';
import type { BusEvent, EventBus, UnsentEvent } from '../queue/event-bus.ts';
import { putConditionally } from '../store/conditional-put.ts';
import { readRecord, recordText, type Stored } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Judged } from './judge.ts';

const NEWS_FORMAT = 1;
/** Days after which a finding that was never reported is dropped: where nothing reports, the record stays small. */
const LASTS_DAYS = 14;
const DAY_MS = 86_400_000;
/** How often the record is read again that another run has changed meanwhile. */
const MOST_ROUNDS = 10;

const item = z
  .object({
    /** The same for a finding that two runs made, and another one where it has become worse. */
    id: z.string(),
    foundAt: z.iso.datetime(),
    level: z.enum(['watch', 'act']),
    check: z.string(),
    /** The output or feature; empty where the finding is of the whole day. */
    subject: z.string(),
    version: z.string().nullable(),
    day: z.string(),
    /** `null` for one without bounds, as a ratio to nothing. */
    value: z.number().nullable(),
    limit: z.number().nullable(),
    /** Whether it is of a young day, whose labels are not complete. */
    provisional: z.boolean(),
    /** What was found, in one sentence. */
    text: z.string(),
    /** What to look at. */
    advice: z.string(),
  })
  .readonly();
const record = z.object({ formatVersion: z.literal(NEWS_FORMAT), news: z.array(item).readonly() }).readonly();
const NEWS = { formatVersion: NEWS_FORMAT, schema: record };

/** A finding that is to be told. */
export type NewsItem = z.infer<typeof item>;

/** Adds findings to those that are to be told. */
export async function keepNews(
  store: Store,
  model: string,
  { news, at }: { readonly news: readonly Judged[]; readonly at: Date },
): Promise<void> {
  if (news.length === 0) return;
  const oldest = at.getTime() - LASTS_DAYS * DAY_MS;
  await changeNews(store, model, (kept) => {
    const all = new Map([...kept, ...news.flatMap((one) => itemOf(one, at))].map((one) => [one.id, one]));
    return [...all.values()].filter(({ foundAt }) => Date.parse(foundAt) >= oldest);
  });
}

/** What became of the findings that were to be told. */
export interface ToldNews {
  /** Findings that were told. */
  readonly told: number;
  /** Events of the others, of which those that the bus does not refuse are kept for the next run. */
  readonly unsent: readonly UnsentEvent[];
}

/** Sends what is to be told as events, and removes what was sent or refused. */
export async function tellNews(store: Store, model: string, bus: EventBus): Promise<ToldNews> {
  const news = (await readNews(store, model))?.value.news ?? [];
  if (news.length === 0) return { told: 0, unsent: [] };
  const page = `${store.url}/${monitoringKey(model, 'page')}`;
  const items = new Map(news.map((one) => [eventOf(one, { model, page }), one]));
  const unsent = await bus.send([...items.keys()]);
  const stays = new Set(unsent.flatMap(({ event, isRefused }) => (isRefused ? [] : [items.get(event)?.id])));
  const over = new Set(news.map(({ id }) => id).filter((id) => !stays.has(id)));
  await changeNews(store, model, (kept) => kept.filter(({ id }) => !over.has(id)));
  return { told: news.length - unsent.length, unsent };
}

function readNews(store: Store, model: string): Promise<Stored<z.infer<typeof record>> | null> {
  return readRecord(store, NEWS, { key: monitoringKey(model, 'news'), what: `monitoring news of ${model}` });
}

/** Replaces the record by what a function makes of it, also where another run changes it at the same time. */
async function changeNews(
  store: Store,
  model: string,
  change: (news: readonly NewsItem[]) => readonly NewsItem[],
): Promise<void> {
  const key = monitoringKey(model, 'news');
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = await readNews(store, model);
    const content = recordText({ formatVersion: NEWS_FORMAT, news: change(before?.value.news ?? []) });
    const put = { key, content, expected: before?.etag ?? null };
    if ((await putConditionally({ store, newWriterId: randomUUID }, put)) !== null) return;
  }
  throw new Error(`${key} changed ${MOST_ROUNDS} times while it was being written (in ${store.url})`);
}

function itemOf(found: Judged, at: Date): NewsItem[] {
  const { level, check, subject, version, day, limit, isProvisional: provisional, text, advice } = found;
  if (level === 'ok') return [];
  const id = [day, check, subject, level].join(' ');
  const value = Number.isFinite(found.value) ? found.value : null;
  const foundAt = at.toISOString();
  return [{ id, foundAt, level, check, subject, version, day, value, limit, provisional, text, advice }];
}

function eventOf(news: NewsItem, place: { readonly model: string; readonly page: string }): BusEvent {
  return { type: EVENT_TYPES[news.level], time: new Date(news.foundAt), detail: { ...place, ...news } };
}
