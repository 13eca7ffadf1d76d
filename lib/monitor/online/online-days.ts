/** Reads the statistics of online requests, by day. */
import { onlineDayOf, onlineFolder } from '../../contract/bucket.ts';
import { usualOf } from '../../scoring/rows/registry-models.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { InvalidRecordError, readRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { ValueShares } from '../../table/encode/value-counts.ts';
import type { DayRecord, History, OnlineDay } from '../history.ts';
import { addVersions, ONLINE_RECORD, type OnlineRecord, type OnlineSums } from './record.ts';

/** Days before a run of which the statistics are read again: late ones are added within a week. */
const READ_DAYS = 14;
const DAY_MS = 86_400_000;

/** Requests by day and version. */
export interface OnlineDays {
  readonly days: ReadonlyMap<string, Readonly<Record<string, OnlineDay>>>;
  /** What could not be read, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads the statistics of a model's requests: of the last days, and of those that the history does not have. */
export async function readOnlineDays(
  store: Store,
  model: string,
  { kept, now }: { readonly kept: Pick<History, 'days'>; readonly now: Date },
): Promise<OnlineDays> {
  const from = new Date(now.getTime() - READ_DAYS * DAY_MS).toISOString().slice(0, 10);
  const known = new Set(kept.days.filter(({ online }) => online !== undefined).map(({ day }) => day));
  const keys: string[] = [];
  for await (const { key } of store.list(onlineFolder(model))) {
    const day = onlineDayOf(key);
    if (day !== null && (day >= from || !known.has(day))) keys.push(key);
  }
  const notes: string[] = [];
  const records = await mapAtOnce(keys, async (key) => {
    try {
      return (await readRecord(store, ONLINE_RECORD, { key }))?.value ?? null;
    } catch (error) {
      if (!(error instanceof InvalidRecordError)) throw error;
      notes.push(`statistics of online requests are left out: ${error.message}`);
      return null;
    }
  });
  const sums = sumsByDay(records.filter((record) => record !== null));
  const usual = await usualShares(store, model, [...sums.values()], notes);
  return {
    days: new Map([...sums].map(([day, versions]) => [day, withUsual(versions, usual)])),
    notes: notes.sort(),
  };
}

/** Puts requests that were read in the place of those that days had. */
export function withOnline(days: readonly DayRecord[], online: OnlineDays['days']): DayRecord[] {
  const all = new Map(days.map((day) => [day.day, day]));
  for (const [day, requests] of online) {
    const own = all.get(day) ?? { day, outcomes: null, versions: {} };
    all.set(day, { ...own, online: requests });
  }
  return [...all.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

function sumsByDay(records: readonly OnlineRecord[]): Map<string, Record<string, OnlineSums>> {
  const days = new Map<string, Record<string, OnlineSums>>();
  for (const { day, versions } of records) days.set(day, addVersions(days.get(day) ?? {}, versions));
  return days;
}

type Usual = Readonly<Record<string, Readonly<Record<string, ValueShares>>>>;

/** Returns what is usual for each version's features; nothing of a version that is not there any more. */
async function usualShares(
  store: Store,
  model: string,
  days: readonly Readonly<Record<string, OnlineSums>>[],
  notes: string[],
): Promise<Usual> {
  const versions = [...new Set(days.flatMap((day) => Object.keys(day)))];
  const read = await mapAtOnce(versions, async (version) => {
    try {
      return [version, await usualOf(store, { name: model, version })] as const;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      notes.push(`values of the online requests of ${version} are not compared with training: ${reason}`);
      return [version, {}] as const;
    }
  });
  return Object.fromEntries(read);
}

function withUsual(versions: Readonly<Record<string, OnlineSums>>, usual: Usual): Record<string, OnlineDay> {
  return Object.fromEntries(
    Object.entries(versions).map(([version, { features, ...own }]) => {
      const known = usual[version] ?? {};
      // What nothing is known to be usual for is not compared.
      const of = (name: string) => known[name] ?? { missing: 1, unknown: 1 };
      const all = Object.entries(features).map(([name, counts]) => [name, { ...counts, usual: of(name) }] as const);
      return [version, { ...own, features: Object.fromEntries(all) }];
    }),
  );
}
