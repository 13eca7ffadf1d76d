import { mkdtemp, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { partReceiptKey, receiptKey, workPartKey } from '../../contract/bucket.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { recordText, type Stored } from '../../store/records.ts';
import type { ObjectInfo, Store } from '../../store/store.ts';
import { digestFile } from '../../workers/file-digest.ts';
import { CandidateFileError, ScoringError } from '../errors.ts';
import { rankShards } from '../ranks/rank-shards.ts';
import { conclude, type FileStatus, failFile, finishFile, finishWith, type Rank } from './finish.ts';
import { rejectsPartKey } from './keys.ts';
import type { ShardMessage } from './messages.ts';
import type { ScoreDependencies } from './ports.ts';
import {
  FORMAT_VERSION,
  formatOfShards,
  isDecided,
  type Plan,
  type Pointer,
  parseReceipt,
  RECORDS,
  type Receipt,
  readOutcome,
  readPlan,
  readRecord,
} from './records.ts';

/** Names in the metadata of a part: its receipt, or the key of an object with it. */
const METADATA = { receipt: 'receipt', receiptKey: 'receipt-key' } as const;

/** S3 takes 2 KiB of metadata; the writer of the part is in it, too. */
const MAX_RECEIPT_BYTES = 1_800;

const CPU_MODEL = cpus()[0]?.model ?? 'unknown';

export type ScoreResult = FileStatus & {
  readonly key: string;
  readonly source: string;
  readonly shard: number;
  /** What this call scored itself; `null` where the shard was done before. */
  readonly receipt: Receipt | null;
};

/**
 * Scores one shard of a planned file, unless that is done, and finishes the file where no shard is left. May be run
 * again, and by several at once.
 * @throws {ScoringError} where the source has no plan, or the plan no such shard.
 */
export async function scoreShard(dependencies: ScoreDependencies, message: ShardMessage): Promise<ScoreResult> {
  const { store } = dependencies;
  const { source, shard } = message;
  const plan = await readPlan(store, source);
  if (plan === null) throw new ScoringError(`source ${source} has no plan (in ${store.url})`);
  const result = { key: plan.file.key, source, shard };

  const outcome = (await readOutcome(store, source))?.value;
  if (isDecided(outcome)) return { ...result, receipt: null, ...(await conclude(dependencies, outcome)) };
  // The part may be there: its scorer was killed before the end, or works at the same time.
  const part = await store.head(workPartKey(source, shard, formatOfShards(plan)));
  const receipt = part === null ? await scorePart(dependencies, plan, shard) : await receiptOf(store, part);
  if (receipt instanceof CandidateFileError)
    return { ...result, receipt: null, ...(await failFile(dependencies, plan.file, receipt)) };
  return { ...result, receipt: part === null ? receipt : null, ...(await finishShard(dependencies, plan, receipt)) };
}

/**
 * Scores the only shard of a file right after it was planned, and finishes the file. No message was sent for the shard,
 * so that its part is not looked for: where there is one all the same, the condition of the write fails.
 */
export async function scoreOnlyShard(
  dependencies: ScoreDependencies,
  plan: Plan,
  pointer: Stored<Pointer> | null,
): Promise<FileStatus> {
  const receipt = await scorePart(dependencies, plan, 0);
  return receipt instanceof CandidateFileError
    ? failFile(dependencies, plan.file, receipt, pointer)
    : finishWith(dependencies, plan, [receipt], { ranked: rankBy(dependencies), pointer });
}

/** Writes a receipt for the scorers of the other shards; for a single shard the part with its counts is enough. */
async function finishShard(dependencies: ScoreDependencies, plan: Plan, receipt: Receipt): Promise<FileStatus> {
  const ranked = rankBy(dependencies);
  if (plan.candidates.shards.length === 1) return finishWith(dependencies, plan, [receipt], { ranked });
  const key = receiptKey(plan.file.source, receipt.shard);
  await putConditionally(dependencies, { key, content: recordText(receipt), expected: null });
  return finishFile(dependencies, plan, ranked);
}

function rankBy(dependencies: ScoreDependencies): Rank {
  return (plan, manifest) => rankShards(dependencies, plan, manifest);
}

async function scorePart(
  dependencies: ScoreDependencies,
  plan: Plan,
  shard: number,
): Promise<Receipt | CandidateFileError> {
  const { store, files, now } = dependencies;
  const { file, model, candidates } = plan;
  if (candidates.shards[shard] === undefined)
    throw new ScoringError(`shard ${shard} of ${file.key} does not exist, the plan has ${candidates.shards.length}`);
  const scratch = await mkdtemp(join(dependencies.scratch, 'shard-'));
  try {
    const started = now();
    const scored = await files.scoreShard({ file, plan: candidates, shard, model, scratch });
    const { scoresPath, rejectsPath, ...counts } = scored;
    if (rejectsPath !== null) await store.putFile(rejectsPartKey(file, shard), rejectsPath);
    const receipt: Receipt = {
      formatVersion: FORMAT_VERSION,
      shard,
      rowsIn: counts.rowsIn,
      scored: counts.scored,
      rejected: counts.rejected,
      rejectedByReason: counts.rejectedByReason,
      ...(counts.unknownEntities && { unknownEntities: counts.unknownEntities }),
      features: counts.features,
      ...(counts.outputs && { outputs: counts.outputs }),
      repeatedKeys: counts.repeatedKeys,
      sha256: (await digestFile(scoresPath)).sha256,
      seconds: (now().getTime() - started.getTime()) / 1000,
      cpuModel: CPU_MODEL,
    };
    const partKey = workPartKey(file.source, shard, formatOfShards(plan));
    const part = { key: partKey, content: { path: scoresPath }, expected: null };
    const metadata = await receiptMetadata(dependencies, file.source, receipt);
    if (await putConditionally(dependencies, { ...part, metadata })) return receipt;
    const winner = await store.head(part.key);
    if (winner === null) throw new ScoringError(`part ${part.key} is gone (in ${store.url})`);
    return receiptOf(store, winner);
  } catch (error) {
    if (error instanceof CandidateFileError) return error;
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Returns the metadata by which a part has its receipt: the counts travel with the part itself, so that they belong to
 * the part that won. A receipt that is too long, because the model has many features, is written before the part, under
 * the digest of the part's bytes: parts with the same bytes have the same counts.
 */
async function receiptMetadata(
  dependencies: ScoreDependencies,
  source: string,
  receipt: Receipt,
): Promise<Record<string, string>> {
  const text = asciiJson(receipt);
  if (text.length <= MAX_RECEIPT_BYTES) return { [METADATA.receipt]: text };
  const partKey = partReceiptKey(source, receipt.sha256);
  await putConditionally(dependencies, { key: partKey, content: recordText(receipt), expected: null });
  return { [METADATA.receiptKey]: partKey };
}

async function receiptOf(store: Store, { key, metadata }: ObjectInfo): Promise<Receipt> {
  const { [METADATA.receipt]: text, [METADATA.receiptKey]: elsewhere } = metadata;
  if (text !== undefined) return parseReceipt(text, key, store);
  const receipt = elsewhere === undefined ? null : await readRecord(store, RECORDS.receipt, elsewhere);
  if (receipt === null) throw new ScoringError(`part ${key} has no receipt (in ${store.url})`);
  return receipt.value;
}

/** JSON in the characters that object metadata may have. */
function asciiJson(value: Receipt): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
