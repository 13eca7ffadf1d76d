import { outcomeKey, receiptKey, receiptsPrefix, shardOfReceipt } from '../../contract/bucket.ts';
import { type ListedReason, REJECT_REASONS } from '../../contract/reject-reasons.ts';
import { count, countOf, percent } from '../../numbers/text.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { recordText, type Stored } from '../../store/records.ts';
import { addStatistics } from '../../table/candidates/score-statistics.ts';
import { type FailureCause, ScoringError } from '../errors.ts';
import { type FileVersion, rejectsPartKey, scoresPartKey } from './keys.ts';
import type { ScoringDependencies } from './ports.ts';
import { publish } from './publish.ts';
import {
  type Decided,
  type Failed,
  type Failure,
  FORMAT_VERSION,
  isDecided,
  type Outcome,
  type Plan,
  type Pointer,
  RECORDS,
  type Receipt,
  readOutcome,
  readRecord,
  type ScoresManifest,
  type Succeeded,
} from './records.ts';
import { featuresOf, repeatedNotes, tooManyValues, valueNotes } from './value-shares.ts';

/** State of a file after a step: still open, with some shards done, or decided. */
export type FileStatus =
  | { readonly status: 'open'; readonly done: number; readonly shards: number }
  | {
      readonly status: 'succeeded';
      readonly rowsIn: number;
      readonly scored: number;
      readonly rejected: number;
      /** Rows that are kept; only where scores are ranked. */
      readonly kept?: number;
      readonly notes: readonly string[];
    }
  | { readonly status: 'failed'; readonly reason: string; readonly message: string };

/** Returns the manifest of a plan's file with its ranked parts. */
export type Rank = (plan: Plan, manifest: ScoresManifest) => Promise<ScoresManifest>;

/** For plans without ranks, or without rows. */
async function unranked({ file, ranking }: Plan, manifest: ScoresManifest): Promise<ScoresManifest> {
  if (ranking === undefined) return manifest;
  if (manifest.parts.length === 0) return { ...manifest, ranking: { ...ranking, kept: 0 } };
  throw new ScoringError(`${file.key} is to be ranked, expected a process that can`);
}

/**
 * Decides a file whose shards all have receipts, once, and publishes what was decided. May be run again, and by
 * several at once: all publish the outcome that was written first.
 */
export async function finishFile(
  dependencies: ScoringDependencies,
  plan: Plan,
  ranked: Rank = unranked,
): Promise<FileStatus> {
  const { store } = dependencies;
  const shards = plan.candidates.shards.length;
  const done = await shardsDone(store, plan.file.source);
  if (done.size < shards) return { status: 'open', done: done.size, shards };
  return finishWith(dependencies, plan, await readReceipts(store, plan), { ranked });
}

/**
 * Decides a file by the receipts of all its shards, in their order, and publishes what was decided, as `conclude` does.
 */
export async function finishWith(
  dependencies: ScoringDependencies,
  plan: Plan,
  receipts: readonly Receipt[],
  { ranked = unranked, pointer }: { readonly ranked?: Rank; readonly pointer?: Stored<Pointer> | null } = {},
): Promise<FileStatus> {
  const manifest = manifestOf(plan, receipts, dependencies);
  const refusal = wrongCounts(plan, receipts) ?? tooManyRejects(plan, manifest) ?? tooManyValues(plan, manifest);
  if (refusal !== null) return failFile(dependencies, plan.file, refusal, pointer);
  const succeeded = { status: 'succeeded', manifest: await ranked(plan, manifest) } as const;
  return conclude(dependencies, await decide(dependencies, plan.file, succeeded), pointer);
}

/** Ends a file as failed, unless it has ended already, and publishes what was decided, as `conclude` does. */
export async function failFile(
  dependencies: ScoringDependencies,
  file: FileVersion,
  { reason, message, details }: FailureCause,
  pointer?: Stored<Pointer> | null,
): Promise<FileStatus> {
  const { source, key, versionId } = file;
  const failedAt = dependencies.now().toISOString();
  const failure: Failure = {
    formatVersion: FORMAT_VERSION,
    reason,
    message,
    source,
    key,
    versionId,
    failedAt,
    details,
  };
  return conclude(dependencies, await decide(dependencies, file, { status: 'failed', failure }), pointer);
}

/** Publishes what was decided of a file; a pointer that was read before spares a request. */
export async function conclude(
  dependencies: ScoringDependencies,
  outcome: Decided,
  pointer?: Stored<Pointer> | null,
): Promise<FileStatus> {
  await publish(dependencies, outcome, pointer);
  dependencies.onEnded?.(outcome);
  if (outcome.status === 'failed') {
    const { reason, message } = outcome.failure;
    return { status: 'failed', reason, message };
  }
  const { rowsIn, scored, rejected, notes, ranking } = outcome.manifest;
  return { status: 'succeeded', rowsIn, scored, rejected, ...(ranking && { kept: ranking.kept }), notes };
}

/** Indices of the shards that have a receipt. */
export async function shardsDone(store: ScoringDependencies['store'], source: string): Promise<ReadonlySet<number>> {
  const done = new Set<number>();
  for await (const { key } of store.list(receiptsPrefix(source))) done.add(shardOfReceipt(key));
  return done;
}

type Proposal = Pick<Succeeded, 'status' | 'manifest'> | Pick<Failed, 'status' | 'failure'>;

async function decide(dependencies: ScoringDependencies, file: FileVersion, proposal: Proposal): Promise<Decided> {
  const { store } = dependencies;
  // There is rarely an outcome yet, so it is read only after the write was refused because of one.
  let stored: Stored<Outcome> | null = null;
  for (let round = 0; round < 2; round++) {
    const reopened = stored?.value.reopened ?? 0;
    const proposed: Decided = { formatVersion: FORMAT_VERSION, file, reopened, ...proposal };
    const expected = stored?.etag ?? null;
    if (await putConditionally(dependencies, { key: outcomeKey(file.source), content: recordText(proposed), expected }))
      return proposed;
    stored = await readOutcome(store, file.source);
    if (isDecided(stored?.value)) return stored.value;
  }
  throw new ScoringError(`outcome of ${file.key} was reopened while it was being decided`);
}

async function readReceipts(store: ScoringDependencies['store'], { file, candidates }: Plan): Promise<Receipt[]> {
  return mapAtOnce(candidates.shards, async ({ index }) => {
    const key = receiptKey(file.source, index);
    const receipt = await readRecord(store, RECORDS.receipt, key);
    if (receipt === null) throw new ScoringError(`receipt ${key} is gone (in ${store.url})`);
    return receipt.value;
  });
}

function manifestOf(
  plan: Plan,
  receipts: readonly Receipt[],
  { now, price = null }: Pick<ScoringDependencies, 'now' | 'price'>,
): ScoresManifest {
  const { file, model, plannedAt, candidates, usual } = plan;
  const features = featuresOf(usual, receipts);
  const repeatedKeys = sum(receipts.map((receipt) => receipt.repeatedKeys));
  const unknown = receipts.flatMap(({ unknownEntities }) => (unknownEntities === undefined ? [] : [unknownEntities]));
  const seconds = sum(receipts.map((receipt) => receipt.seconds));
  const outputs = receipts.flatMap((receipt) => (receipt.outputs === undefined ? [] : [receipt.outputs]));
  return {
    formatVersion: FORMAT_VERSION,
    source: file.source,
    key: file.key,
    versionId: file.versionId,
    model,
    parts: receipts.map(({ shard, scored, sha256 }) => ({
      key: scoresPartKey(file, shard, plan.format),
      rows: scored,
      sha256,
    })),
    rejects: receipts.filter(({ rejected }) => rejected > 0).map(({ shard }) => rejectsPartKey(file, shard)),
    rowsIn: sum(receipts.map(({ rowsIn }) => rowsIn)),
    scored: sum(receipts.map(({ scored }) => scored)),
    rejected: sum(receipts.map(({ rejected }) => rejected)),
    rejectedByReason: sumByName(receipts.map(({ rejectedByReason }) => rejectedByReason)),
    ...(unknown.length > 0 && { unknownEntities: sumByName(unknown) }),
    features,
    // Sums of only some of the shards would be taken for those of the file.
    ...(outputs.length === receipts.length && { outputs: outputs.reduce(addStatistics, {}) }),
    repeatedKeys,
    notes: [...candidates.notes, ...valueNotes(features), ...repeatedNotes(repeatedKeys, receipts.length)],
    seconds,
    ...(price !== null && { cost: { usd: seconds * price.usdPerSecond, ...price } }),
    cpuModels: [...new Set(receipts.map(({ cpuModel }) => cpuModel))].sort(),
    plannedAt,
    finishedAt: now().toISOString(),
  };
}

function wrongCounts({ file, candidates }: Plan, receipts: readonly Receipt[]): FailureCause | null {
  for (const { index, rows } of candidates.shards) {
    const { rowsIn, scored, rejected } = receipts[index] ?? { rowsIn: 0, scored: 0, rejected: 0 };
    if (rowsIn === rows && scored + rejected === rows) continue;
    const message = `${file.key}: shard ${index} has ${rowsIn} rows in, ${scored} scored and ${rejected} rejected, expected ${rows} in all`;
    return { reason: 'row_counts', message, details: { shard: index, rowsIn, scored, rejected, rowsPlanned: rows } };
  }
  return null;
}

function tooManyRejects({ file, limits: { maxRejected } }: Plan, total: ScoresManifest): FailureCause | null {
  const { rowsIn, rejected, rejectedByReason } = total;
  if (rejected <= maxRejected * rowsIn) return null;
  const [[reason, rows] = ['', 0]] = Object.entries(rejectedByReason).sort(([, a], [, b]) => b - a);
  return {
    reason: 'too_many_rejects',
    message: `${file.key}: ${count(rejected)} of ${countOf(rowsIn, 'row')} rejected (${percent(rejected / rowsIn)}), at most ${percent(maxRejected)} allowed; most often ${reason} (${countOf(rows, 'row')})${expected(reason)}`,
    details: { rowsIn, rejected, maxRejected, rejectedByReason },
  };
}

/** What a row rejected for this reason should have had; nothing for labels, which candidates do not have. */
function expected(reason: string): string {
  return reason in REJECT_REASONS ? `, expected ${REJECT_REASONS[reason as ListedReason]}` : '';
}

function sumByName(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const count of counts) for (const [name, rows] of Object.entries(count)) total[name] = (total[name] ?? 0) + rows;
  return total;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
