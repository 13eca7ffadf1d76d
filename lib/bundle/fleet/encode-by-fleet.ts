/** Encodes the rows of an export by functions: sends a message for each range, and waits for the receipts. */
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_RECEIVES, QUEUES } from '../../contract/limits.ts';
import { count, duration } from '../../numbers/text.ts';
import { runBundlePrefix } from '../../registry/keys.ts';
import type { ConditionalWriter } from '../../store/conditional-put.ts';
import { forEachAtOnce, mapAtOnce } from '../../store/parallel.ts';
import { InvalidRecordError, readRecord } from '../../store/records.ts';
import { ObjectNotFoundError, type Store } from '../../store/store.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import { type EncodedLog, type EncodeRowsOptions, encodedLog } from '../encode-rows.ts';
import { BUNDLE_PARTS } from '../format.ts';
import { type PlannedEncoding, planEncoding } from './plan-encoding.ts';
import type { DeadRange, RangesQueue } from './ranges-queue.ts';
import {
  ENCODING_RECORDS,
  type EncodingPlace,
  encodedFileKey,
  encodingPlanKey,
  parseRangeMessage,
  rangeMessageBody,
  rangeOfReceipt,
  rangeReceiptKey,
  rangeReceiptsPrefix,
} from './records.ts';

/** Files that are copied at the same time. */
const COPIES_AT_ONCE = 8;
const LOOK_MS = 5_000;
/** Time without a receipt after which no message can be on its way: each was tried as often as it may. */
const PATIENCE_MS = 1000 * (MAX_RECEIVES + 1) * QUEUES.ranges.visibilitySeconds;

/** The bucket and the queue through which the rows of a run are encoded. */
export interface Fleet extends ConditionalWriter {
  /** Name of the model. */
  readonly model: string;
  /** Id of the run. */
  readonly run: string;
  readonly ranges: RangesQueue;
  /** Time from one look for receipts to the next. @default 5 s */
  readonly lookMs?: number;
  /** Longest time without a receipt. @default 3 h */
  readonly patienceMs?: number;
}

/** Thrown where functions have not encoded a range. */
export class RangeNotEncodedError extends Error {
  override readonly name = 'RangeNotEncodedError';
}

/**
 * Encodes all rows of a log as `encodeRows` does, to the same bytes, by functions that take messages from a queue. The
 * files are in the run's bundle in the store, and not in the local folder. Started again, it goes on from what was done.
 * @throws {RangeNotEncodedError} where a range was tried too often, or none was encoded for too long.
 */
export async function encodeByFleet(fleet: Fleet, opened: OpenedLog, options: EncodeRowsOptions): Promise<EncodedLog> {
  const { store, model, run, ranges } = fleet;
  const planned = await planEncoding(fleet, { model, run }, opened, options);
  const { place, plan } = planned;
  const done = await rangesDone(store, place);
  const missing = [...plan.ranges.keys()].filter((range) => !done.has(range));
  await ranges.send(missing.map((range) => rangeMessageBody({ ...place, range })));
  await awaitReceipts(fleet, planned, options);
  const receipts = await mapAtOnce(plan.ranges, async (_, range) => {
    const key = rangeReceiptKey(place, range);
    const receipt = await readRecord(store, ENCODING_RECORDS.receipt, { key });
    if (receipt === null) throw new ObjectNotFoundError(key, store.url);
    return receipt.value;
  });
  const files = receipts.flatMap((receipt) => BUNDLE_PARTS.flatMap((part) => receipt.files[part] ?? []));
  await forEachAtOnce(files, COPIES_AT_ONCE, async ({ path, sha256 }) => {
    options.signal?.throwIfAborted();
    await store.copy(encodedFileKey(place, sha256), `${runBundlePrefix(model, run, 'bundle/')}${path}`);
  });
  return encodedLog(receipts);
}

async function awaitReceipts(
  { store, ranges, lookMs = LOOK_MS, patienceMs = PATIENCE_MS }: Fleet,
  { place, plan }: PlannedEncoding,
  { onProgress, signal }: Pick<EncodeRowsOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  let known = 0;
  let since = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    // Before the receipts: a range that is encoded in spite of its dead letter counts as encoded.
    const dead = await deadRangesOf(ranges, place);
    const done = await rangesDone(store, place);
    onProgress([...done].reduce((rows, range) => rows + rowsOf(plan, range), 0));
    if (done.size === plan.ranges.length) return;
    const lost = dead.find(({ range }) => !done.has(range));
    if (lost !== undefined) throw await givenUp(store, place, lostText(plan, lost), dead);
    if (done.size > known) since = performance.now();
    known = done.size;
    if (performance.now() - since > patienceMs) {
      const waited = `no rows were encoded for ${duration(patienceMs / 1000)}, ${done.size} of ${plan.ranges.length} ranges are`;
      throw await givenUp(store, place, `${waited}: see the log of the function that encodes, and its queue`);
    }
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Ends an encoding, so that functions do no more work for it and another export of the same rows may try again, and
 * returns the error of this one.
 */
async function givenUp(
  store: Store,
  place: EncodingPlace,
  message: string,
  dead: readonly LostRange[] = [],
): Promise<RangeNotEncodedError> {
  // What is left behind costs something, but is no reason to hide why the export ends.
  const cleanups = [store.delete(encodingPlanKey(place)), ...dead.map((letter) => letter.remove())];
  await Promise.allSettled(cleanups);
  return new RangeNotEncodedError(message);
}

/** A dead letter of an encoding. */
interface LostRange extends Omit<DeadRange, 'body'> {
  readonly range: number;
}

/** The dead letters that are of this encoding. */
async function deadRangesOf(ranges: RangesQueue, { model, run, encoding }: EncodingPlace): Promise<LostRange[]> {
  return (await ranges.deadRanges()).flatMap(({ body, ...letter }) => {
    const message = messageOf(body);
    const isOwn = message?.model === model && message.run === run && message.encoding === encoding;
    return isOwn ? [{ ...letter, range: message.range }] : [];
  });
}

/** The message; `null` for what another release or a person has sent, which is no message of this export. */
function messageOf(body: string) {
  try {
    return parseRangeMessage(body);
  } catch (error) {
    if (error instanceof InvalidRecordError) return null;
    throw error;
  }
}

function lostText({ ranges }: PlannedEncoding['plan'], { range, error }: LostRange): string {
  const { from = 0, to = 0 } = ranges[range] ?? {};
  const why = error ?? 'see the log of the function that encodes';
  return `rows ${count(from)} to ${count(to - 1)} of the log were not encoded in ${MAX_RECEIVES} tries: ${why}`;
}

async function rangesDone(store: Store, place: EncodingPlace): Promise<ReadonlySet<number>> {
  const done = new Set<number>();
  for await (const { key } of store.list(rangeReceiptsPrefix(place))) done.add(rangeOfReceipt(key));
  return done;
}

function rowsOf({ ranges }: PlannedEncoding['plan'], range: number): number {
  const { from = 0, to = 0 } = ranges[range] ?? {};
  return to - from;
}
