/**
 * What monitoring keeps of every day: sums and histograms, and no rows, so that a year takes a few megabytes. One record
 * of a model, `monitoring/<model>/history.json`, which every run reads, completes and writes again.
 */
import * as z from 'zod';
import { monitoringKey } from '../contract/bucket.ts';
import { readRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { onlineSums } from './online/record.ts';

const HISTORY_FORMAT = 1;
/** Days that are kept: a year and a month, so that a day can be compared with that of a year ago. */
export const KEPT_DAYS = 400;

const number = z.number();
const numbers = z.array(number).readonly();
const bins = z.object({ from: number, values: numbers }).readonly();
const statistics = z
  .record(z.string(), z.object({ rows: number, sum: number, sumOfSquares: number, bins }).readonly())
  .readonly();
const known = z
  .object({
    rows: number,
    weight: number,
    predicted: number,
    variance: number,
    positives: number,
    loss: number,
    entropy: number,
    bins: z.object({ weight: bins, predicted: bins, positives: bins }).readonly(),
  })
  .readonly();
const young = z.object({ predicted: numbers, positives: numbers, early: numbers }).readonly();
const snapshot = z.object({ from: number, predicted: numbers, positives: numbers }).readonly();
const paired = z.object({ rows: number, difference: number, squares: number }).readonly();
const segment = z
  .object({
    column: z.string(),
    value: z.string().nullable(),
    rows: number,
    predicted: number,
    positives: number,
    money: number,
  })
  .readonly();
const joined = z
  .object({
    outcomes: number,
    known: z.record(z.string(), known).readonly(),
    young: z.record(z.string(), young).readonly(),
    delays: z.record(z.string(), numbers).readonly(),
    segments: z.array(segment).readonly(),
    paired: z.record(z.string(), z.record(z.string(), paired).readonly()).readonly(),
  })
  .readonly();
const feature = z
  .object({
    rows: number,
    missing: number,
    values: number,
    unknown: number.nullable(),
    usual: z.object({ missing: number, unknown: number }).readonly(),
  })
  .readonly();

const onlineDay = onlineSums
  .unwrap()
  .extend({ features: z.record(z.string(), feature).readonly() })
  .readonly();

const versionDay = z
  .object({
    files: number,
    rowsIn: number,
    scored: number,
    rejected: number,
    /** Time spent on the shards. */
    seconds: number,
    /** When the last of its files was finished. */
    lastAt: z.string(),
    features: z.record(z.string(), feature).readonly(),
    /** `null` where a file was scored by a release that did not count scores. */
    outputs: statistics.nullable(),
    /** `null` where the scores were not there any more. */
    counts: z.object({ rows: number, keys: number, matched: number }).readonly().nullable(),
    /** `null` while no outcomes were read. */
    joined: joined.nullable(),
    /** What runs saw of young labels, by the end of their log and by output: sums of the ages from part `from` on. */
    snapshots: z.record(z.string(), z.record(z.string(), snapshot).readonly()).readonly().exactOptional(),
  })
  .readonly();

const dayRecord = z
  .object({
    /** In UTC. */
    day: z.string(),
    /** Outcomes of rows of this day, and those that no score counts for; `null` while none were read. */
    outcomes: z.object({ rows: number, unscored: number }).readonly().nullable(),
    /** Scores of this day, by version. */
    versions: z.record(z.string(), versionDay).readonly(),
    /** Online requests of this day, by version; absent where there were none. */
    online: z.record(z.string(), onlineDay).readonly().exactOptional(),
  })
  .readonly();

const history = z
  .object({
    formatVersion: z.literal(HISTORY_FORMAT),
    model: z.string(),
    /** The last instant for which the log that was read last records events; `null` for one without a time. */
    end: z.iso.datetime().nullable(),
    days: z.array(dayRecord).readonly(),
    /** Levels that were reported, by finding: what was reported once is not reported again. */
    told: z.record(z.string(), z.enum(['watch', 'act'])).readonly(),
  })
  .readonly();

/** The scores of a day and a version. */
export type VersionDay = z.infer<typeof versionDay>;
/** The online requests of a day that a version has scored. */
export type OnlineDay = z.infer<typeof onlineDay>;
/** A day. */
export type DayRecord = z.infer<typeof dayRecord>;
/** What is kept of a model. */
export type History = z.infer<typeof history>;

const HISTORY = { formatVersion: HISTORY_FORMAT, schema: history };

/** A history without days. */
export function emptyHistory(model: string): History {
  return { formatVersion: HISTORY_FORMAT, model, end: null, days: [], told: {} };
}

/** Reads the history of a model, with the etag that its next write expects; `null` where there is none. */
export function readHistory(store: Store, model: string) {
  return readRecord(store, HISTORY, { key: monitoringKey(model, 'history'), what: `monitoring history of ${model}` });
}

/** The text of a history: numbers in seven digits, which is more than any of them is certain to. */
export function historyText(kept: History): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
  return `${JSON.stringify(kept, rounded)}\n`;
}
