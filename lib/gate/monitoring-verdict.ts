/** What monitoring last said of a model. Each of its runs writes it; the gate, the report and `models show` read it. */
import * as z from 'zod';
import { monitoringKey } from '../contract/bucket.ts';
import { minute } from '../numbers/text.ts';
import { InvalidRecordError, readRecord, recordText } from '../store/records.ts';
import type { Store } from '../store/store.ts';

const VERDICT_FORMAT = 1;
/** How the note of an alarm begins. */
const ALARM = 'monitoring of the version in use: ';

const schema = z
  .object({
    formatVersion: z.literal(VERDICT_FORMAT),
    model: z.string(),
    at: z.iso.datetime(),
    /** `ok`: no limit is crossed; `watch`: one is, look at it; `act`: one is by far. */
    level: z.enum(['ok', 'watch', 'act']),
    /** One sentence. */
    reason: z.string(),
  })
  .readonly();

/** The verdict of a run of monitoring. */
export type MonitoringVerdict = Omit<z.infer<typeof schema>, 'formatVersion'>;

/** What is known of the last run of monitoring. */
export interface LastMonitoring {
  /** `unreadable` if its record is damaged, which stops nothing. */
  readonly level: MonitoringVerdict['level'] | 'unreadable';
  /** When it ran, in ISO 8601; `null` if unreadable. */
  readonly at: string | null;
  readonly reason: string;
}

/** Writes the verdict of a run, in the place of the one before. */
export async function putMonitoringVerdict(store: Store, verdict: MonitoringVerdict): Promise<void> {
  const record = { formatVersion: VERDICT_FORMAT, ...verdict };
  await store.put(monitoringKey(verdict.model, 'verdict'), recordText(record));
}

/** Reads what the last run said; `null` if there was none. */
export async function lastMonitoring(store: Store, model: string): Promise<LastMonitoring | null> {
  const place = { key: monitoringKey(model, 'verdict'), what: `monitoring verdict of ${model}` };
  try {
    const found = await readRecord(store, { formatVersion: VERDICT_FORMAT, schema }, place);
    return found && { level: found.value.level, at: found.value.at, reason: found.value.reason };
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error;
    return { level: 'unreadable', at: null, reason: error.message };
  }
}

/** Formats it for people: `act, 2026-11-06 23:00 UTC: price on 2026-11-06: 100% of the rows have no value`. */
export function monitoringText({ level, at, reason }: LastMonitoring): string {
  return `${level}${at === null ? '' : `, ${minute(new Date(at))}`}: ${reason}`;
}

/** The note of a decision on a version whose predecessor is in alarm; none where monitoring found it in order. */
export async function alarmNotes(store: Store, model: string): Promise<string[]> {
  const last = await lastMonitoring(store, model);
  if (last === null || last.level === 'ok') return [];
  return [`${ALARM}${monitoringText(last)}; the new version is judged all the same`];
}

/** Whether a decision's note is one of `alarmNotes`. */
export function isAlarmNote(note: string): boolean {
  return note.startsWith(ALARM);
}
