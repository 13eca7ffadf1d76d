/**
 * What an export, and the functions that encode ranges of its rows, leave for each other: a plan, receipts and files below
 * `_bundles/<model>/<run>/encoding/<id>/`, and the messages that name a range.
 */
import * as z from 'zod';
import { runBundlePrefix } from '../../registry/keys.ts';
import { parseRecord, type RecordKind, readRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

const FORMAT_VERSION = 1;

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256');
const names = z.array(z.string()).readonly();
const bytes = z.object({ start: count, end: count }).readonly();

const plan = z
  .object({
    formatVersion: z.literal(FORMAT_VERSION),
    /** The good rows of the log; `path` is a name that stands for the file of the prepared rows. */
    rows: z
      .object({ path: z.string(), from: z.string(), stages: names, delayed: names, hasGroups: z.boolean() })
      .readonly(),
    meanWeights: z.object({ train: z.number(), validation: z.number(), test: z.number() }).readonly(),
    /** The object with the prepared rows, and where its footer is. */
    prepared: z.object({ versionId: z.string(), size: count, footer: bytes }).readonly(),
    /** Files of the encoder, by their paths. */
    encoder: z.array(z.object({ path: z.string(), versionId: z.string(), sha256: digest }).readonly()).readonly(),
    /** Positions of rows in the log, from the first to before the last, and the bytes of the prepared rows that have them. */
    ranges: z.array(z.object({ from: count, to: count, bytes }).readonly()).readonly(),
  })
  .readonly();

const file = z.object({ path: z.string(), rows: count, sha256: digest }).readonly().nullable();
const featureCounts = z
  .record(z.string(), z.object({ rows: count, missing: count, values: count, unknown: count.nullable() }).readonly())
  .readonly();

const receipt = z
  .object({
    formatVersion: z.literal(FORMAT_VERSION),
    files: z.object({ train: file, validation: file }).readonly(),
    counts: z.object({ train: featureCounts, validation: featureCounts, test: featureCounts }).readonly(),
  })
  .readonly();

const message = z
  .object({
    formatVersion: z.literal(FORMAT_VERSION),
    model: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    run: z.string().regex(/^[\w-]{1,80}$/),
    /** The first digits of a SHA-256 over all that the encoded bytes depend on. */
    encoding: z.string().regex(/^[0-9a-f]{16}$/),
    /** Index into the plan's ranges. */
    range: count,
  })
  .readonly();

/** How the rows of an export are encoded. Written last, and deleted first where the export fails. */
export type EncodingPlan = z.infer<typeof plan>;

/** What became of a range. The first receipt is the one that counts. */
export type RangeReceipt = z.infer<typeof receipt>;

/** Asks for the encoded rows of a range. */
export type RangeMessage = Omit<z.infer<typeof message>, 'formatVersion'>;

/** Where the plan of an encoding is. */
export type EncodingPlace = Omit<RangeMessage, 'range'>;

/** What each record must be. */
export const ENCODING_RECORDS = {
  plan: { formatVersion: FORMAT_VERSION, schema: plan },
  receipt: { formatVersion: FORMAT_VERSION, schema: receipt },
} as const;

const MESSAGE: RecordKind<z.infer<typeof message>> = { formatVersion: FORMAT_VERSION, schema: message };

/** The body of a message. */
export function rangeMessageBody({ model, run, encoding, range }: RangeMessage): string {
  return JSON.stringify({ formatVersion: FORMAT_VERSION, model, run, encoding, range } satisfies z.infer<
    typeof message
  >);
}

/** @throws {InvalidRecordError} naming every member that is not as expected. */
export function parseRangeMessage(body: string): RangeMessage {
  const { model, run, encoding, range } = parseRecord(MESSAGE, body, 'range message', 'the queue of ranges');
  return { model, run, encoding, range };
}

/** Reads a plan; `null` where there is none, because its export is over. */
export async function readPlan(store: Store, place: EncodingPlace): Promise<EncodingPlan | null> {
  return (await readRecord(store, ENCODING_RECORDS.plan, { key: encodingPlanKey(place) }))?.value ?? null;
}

/** Key of the plan of an encoding. */
export function encodingPlanKey(place: EncodingPlace): string {
  return `${folderOf(place)}plan.json`;
}

/** Key of the prepared rows. */
export function preparedKey(place: EncodingPlace): string {
  return `${folderOf(place)}prepared.parquet`;
}

/** Key of a file of the encoder. */
export function encoderKey(place: EncodingPlace, path: string): string {
  return `${folderOf(place)}encoder/${path}`;
}

/** Key of a file of encoded rows, which has these bytes and no others. */
export function encodedFileKey(place: EncodingPlace, sha256: string): string {
  return `${folderOf(place)}files/${sha256}.parquet`;
}

/** Key of the receipt of a range. */
export function rangeReceiptKey(place: EncodingPlace, range: number): string {
  return `${rangeReceiptsPrefix(place)}${String(range).padStart(5, '0')}.json`;
}

/** Folder of all receipts. */
export function rangeReceiptsPrefix(place: EncodingPlace): string {
  return `${folderOf(place)}receipts/`;
}

/** Index of the range that a receipt's key names. */
export function rangeOfReceipt(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1, -'.json'.length));
}

function folderOf({ model, run, encoding }: EncodingPlace): string {
  return `${runBundlePrefix(model, run, 'encoding/')}${encoding}/`;
}
