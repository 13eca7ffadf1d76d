import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectInfo } from '../store/store.ts';
import { putConditionally } from './conditional-put.ts';
import { CandidateFileError, ScoringError } from './errors.ts';
import { conclude, type FileStatus, failFile, finishFile, finishWith } from './finish.ts';
import { receiptKey, rejectsPartKey, workPartKey } from './identity.ts';
import type { ShardMessage } from './messages.ts';
import type { ScoreDependencies } from './ports.ts';
import { FORMAT_VERSION, isDecided, type Plan, type Receipt, readOutcome, readPlan, recordText } from './records.ts';

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
  const receipt = await receiveShard(dependencies, plan, shard);
  if (receipt instanceof CandidateFileError)
    return { ...result, receipt: null, ...(await failFile(dependencies, plan.file, receipt)) };
  return { ...result, receipt, ...(await finishFile(dependencies, plan)) };
}

/**
 * Scores the only shard of a file right after it was planned, and finishes the file. There is nobody to wait for, so that
 * no receipt is left: the part carries its counts, and whoever finds it goes on from there.
 */
export async function scoreOnlyShard(dependencies: ScoreDependencies, plan: Plan): Promise<FileStatus> {
  const receipt = await partOf(dependencies, plan, 0);
  if (receipt instanceof CandidateFileError) return failFile(dependencies, plan.file, receipt);
  return finishWith(dependencies, plan, [receipt]);
}

/** Leaves a receipt for the shard: its own, or one for the part of whoever was first. */
async function receiveShard(
  dependencies: ScoreDependencies,
  plan: Plan,
  shard: number,
): Promise<Receipt | CandidateFileError | null> {
  const { store } = dependencies;
  const { source } = plan.file;
  const key = receiptKey(source, shard);
  if ((await store.head(key)) !== null) return null;
  const receipt = await partOf(dependencies, plan, shard);
  if (!(receipt instanceof CandidateFileError))
    await putConditionally(dependencies, { key, content: recordText(receipt), expected: null });
  return receipt;
}

/** What is told of the shard's part: by the part that is there, whoever was killed or is at work beside this, or by a new one. */
async function partOf(
  dependencies: ScoreDependencies,
  plan: Plan,
  shard: number,
): Promise<Receipt | CandidateFileError> {
  const part = await dependencies.store.head(workPartKey(plan.file.source, shard));
  return part === null ? scorePart(dependencies, plan, shard) : receiptOf(part);
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
      sha256: await sha256OfFile(scoresPath),
      seconds: (now().getTime() - started.getTime()) / 1000,
      cpuModel: CPU_MODEL,
    };
    const part = { key: workPartKey(file.source, shard), content: { path: scoresPath }, expected: null };
    const metadata = { receipt: asciiJson(receipt) };
    if (await putConditionally(dependencies, { ...part, metadata })) return receipt;
    const winner = await store.head(part.key);
    if (winner === null) throw new ScoringError(`part ${part.key} is gone (in ${store.url})`);
    return receiptOf(winner);
  } catch (error) {
    if (error instanceof CandidateFileError) return error;
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

// The counts travel with the part itself, so that they belong to the part that won.
function receiptOf({ key, metadata }: ObjectInfo): Receipt {
  if (metadata.receipt === undefined) throw new ScoringError(`part ${key} has no receipt in its metadata`);
  return JSON.parse(metadata.receipt) as Receipt;
}

/** JSON in the characters that object metadata may have. */
function asciiJson(value: Receipt): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
