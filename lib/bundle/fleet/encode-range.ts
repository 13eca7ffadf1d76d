/** The encoding of one range, which may be asked for again and by several at once, and is done once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConditionalWriter, putConditionally } from '../../store/conditional-put.ts';
import { recordText } from '../../store/records.ts';
import { BUNDLE_PARTS } from '../format.ts';
import type { EncodedShard } from '../shard-encoder.ts';
import {
  ENCODING_RECORDS,
  type EncodingPlace,
  type EncodingPlan,
  encodedFileKey,
  type RangeMessage,
  type RangeReceipt,
  rangeReceiptKey,
  readPlan,
} from './records.ts';

/** The work on the rows. */
export interface RangeEncoder {
  /** Encodes a range of a plan to files, whose paths are below the folder: one for this range alone. */
  encode(place: EncodingPlace, plan: EncodingPlan, range: number, folder: string): Promise<EncodedShard>;
}

export interface EncodeRangeDependencies extends ConditionalWriter {
  readonly encoder: RangeEncoder;
  /** Existing folder for scratch files. */
  readonly scratch: string;
}

/** What a message led to. */
export type RangeResult = RangeMessage & {
  /** `over` where the export has ended without the range, so that nobody waits for it. */
  readonly status: 'encoded' | 'done before' | 'over';
  /** Rows in the files. */
  readonly rows?: number;
};

/**
 * Encodes a range, unless that is done. A file's key is the SHA-256 of its bytes, so that it never replaces another one;
 * which files count is decided by the receipt, of which the first stays.
 * @throws {RangeError} where the plan has no such range.
 */
export async function encodeRange(
  { encoder, scratch, ...writer }: EncodeRangeDependencies,
  message: RangeMessage,
): Promise<RangeResult> {
  const { store } = writer;
  const { range } = message;
  const receiptKey = rangeReceiptKey(message, range);
  if ((await store.head(receiptKey)) !== null) return { ...message, status: 'done before' };
  const plan = await readPlan(store, message);
  if (plan === null) return { ...message, status: 'over' };
  if (range >= plan.ranges.length)
    throw new RangeError(`range ${range} does not exist, the plan of ${message.encoding} has ${plan.ranges.length}`);
  const folder = await mkdtemp(join(scratch, 'range-'));
  try {
    const { files, counts } = await encoder.encode(message, plan, range, folder);
    const written = BUNDLE_PARTS.flatMap((part) => files[part] ?? []);
    for (const { path, sha256 } of written) {
      const key = encodedFileKey(message, sha256);
      await putConditionally(writer, { key, content: { path: join(folder, path) }, expected: null });
    }
    const receipt: RangeReceipt = { formatVersion: ENCODING_RECORDS.receipt.formatVersion, files, counts };
    const isFirst = await putConditionally(writer, { key: receiptKey, content: recordText(receipt), expected: null });
    if (isFirst === null) return { ...message, status: 'done before' };
    return { ...message, status: 'encoded', rows: written.reduce((sum, { rows }) => sum + rows, 0) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
