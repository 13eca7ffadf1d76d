/**
 * The records by which planners, scorers and finishers agree. Each is written under a condition, so the first one
 * stays, and every process follows the record that it finds, whichever process wrote it.
 */
import * as z from 'zod';
import { outcomeKey, planKey, SCORES_FORMATS, type ScoresFormat } from '../../contract/bucket.ts';
import {
  InvalidRecordError,
  parseRecord,
  type RecordKind,
  readRecord as readStored,
  type Stored,
} from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { ScoreStatistics } from '../../table/candidates/score-statistics.ts';
import type { FeatureCounts } from '../../table/encode/value-counts.ts';
import { ScoringError } from '../errors.ts';
import { candidatePlan } from './candidate-plan.ts';

/** Version of the records' format, in every record. */
export const FORMAT_VERSION = 2;

const formatVersion = z.literal(FORMAT_VERSION);
const count = z.number().int().nonnegative();
const counts = z.record(z.string(), count).readonly();
const instant = z.iso.datetime();
const shares = z.object({ missing: z.number(), unknown: z.number() }).readonly();
const valueCounts = { rows: count, missing: count, values: count, unknown: count.nullable() };
const modelVersion = z.object({ name: z.string(), version: z.string() }).readonly();

const fileVersion = z
  .object({
    source: z.string(),
    bucket: z.string(),
    key: z.string(),
    versionId: z.string(),
    sequencer: z.string(),
    eventTime: z.string(),
    attempt: z.number().int().positive(),
  })
  .readonly();

const ranking = { by: z.string(), within: z.array(z.string()), top: count.nullable() };

const plan = z
  .object({
    formatVersion,
    file: fileVersion,
    model: modelVersion,
    /** Shares above which the file fails; `null` for no limit. */
    limits: z
      .object({ maxRejected: z.number(), maxUnknown: z.number().nullable(), maxMissing: z.number().nullable() })
      .readonly(),
    /** Shares of missing and of unknown values that are usual for each feature of the model. */
    usual: z.record(z.string(), shares).readonly(),
    /** How the scores are ranked; absent where they are not. */
    ranking: z.object(ranking).readonly().exactOptional(),
    /** How the scores are written; absent where they are Parquet. */
    format: z.enum(SCORES_FORMATS).exactOptional(),
    plannedAt: instant,
    candidates: candidatePlan,
  })
  .readonly();

/** Counts of missing and unknown values by feature, as records have them. */
export const featureCounts: z.ZodType<FeatureCounts, FeatureCounts> = z
  .record(z.string(), z.object(valueCounts).readonly())
  .readonly();

/** Sums and histograms of the scores by output, as records have them. */
export const scoreStatistics: z.ZodType<ScoreStatistics, ScoreStatistics> = z
  .record(
    z.string(),
    z
      .object({
        rows: count,
        sum: z.number(),
        sumOfSquares: z.number(),
        bins: z.object({ from: count, values: z.array(count).readonly() }).readonly(),
      })
      .readonly(),
  )
  .readonly();

const receipt = z
  .object({
    formatVersion,
    shard: count,
    rowsIn: count,
    scored: count,
    rejected: count,
    rejectedByReason: counts,
    /** Rows scored although the table of an entity lacks theirs, by entity; absent where no entity may be unknown. */
    unknownEntities: counts.exactOptional(),
    /** Missing and unknown values in the scored rows, by feature. */
    features: featureCounts,
    /** Sums and histograms of the scores, by output; absent in what earlier releases wrote. */
    outputs: scoreStatistics.exactOptional(),
    /** Scored rows that repeat the keys of another row of the shard. */
    repeatedKeys: count,
    /** SHA-256 of the scores file, hex. */
    sha256: z.string(),
    seconds: z.number(),
    cpuModel: z.string(),
  })
  .readonly();

const manifest = z
  .object({
    formatVersion,
    source: z.string(),
    key: z.string(),
    versionId: z.string(),
    model: modelVersion,
    parts: z.array(z.object({ key: z.string(), rows: count, sha256: z.string() }).readonly()).readonly(),
    /** Keys of the files of rejected rows. */
    rejects: z.array(z.string()).readonly(),
    rowsIn: count,
    scored: count,
    rejected: count,
    rejectedByReason: counts,
    /** How the scores are ranked, and the rows that are kept, which the parts have; absent where they are not. */
    ranking: z
      .object({ ...ranking, kept: count })
      .readonly()
      .exactOptional(),
    /** As in the receipts, added up. */
    unknownEntities: counts.exactOptional(),
    /** As in the receipts, added up; with the shares that are usual for the model. */
    features: z.record(z.string(), z.object({ ...valueCounts, usual: shares }).readonly()).readonly(),
    /** As in the receipts, added up. */
    outputs: scoreStatistics.exactOptional(),
    /** Scored rows that repeat the keys of another row of their shard. */
    repeatedKeys: count,
    /** What a user should know of the file and of its values, a sentence each. */
    notes: z.array(z.string()).readonly(),
    /** Time spent on the shards, added up. */
    seconds: z.number(),
    /** What these seconds cost by list prices, without requests and storage; absent where they are free. */
    cost: z.object({ usd: z.number(), usdPerSecond: z.number(), prices: z.string() }).readonly().exactOptional(),
    cpuModels: z.array(z.string()).readonly(),
    plannedAt: instant,
    finishedAt: instant,
  })
  .readonly();

const failure = z
  .object({
    formatVersion,
    /** Code for programs: `columns_missing`, `source_version_gone` ... */
    reason: z.string(),
    /** One plain sentence. */
    message: z.string(),
    source: z.string(),
    key: z.string(),
    versionId: z.string(),
    failedAt: instant,
    /** Numbers behind the reason, where it has any. */
    details: z.record(z.string(), z.unknown()).readonly(),
  })
  .readonly();

const ended = {
  formatVersion,
  file: fileVersion,
  /** How often a person has reopened the file. */
  reopened: count,
};
const succeeded = z.object({ ...ended, status: z.literal('succeeded'), manifest }).readonly();
const failed = z.object({ ...ended, status: z.literal('failed'), failure }).readonly();
const reopened = z.object({ ...ended, status: z.literal('reopened'), reopenedAt: instant }).readonly();
const pointer = z.object({ formatVersion, file: fileVersion }).readonly();

/** `_work/<source>/plan.json`: everything about the file that must not change while it is scored. */
export type Plan = z.infer<typeof plan>;

/** `_work/<source>/receipts/NNNNN.json`: a shard is done. Rows in = scored + rejected. */
export type Receipt = z.infer<typeof receipt>;

/** `scores/<path>/_manifest.json`: which parts belong to the scores. */
export type ScoresManifest = z.infer<typeof manifest>;

/** `scores/<path>/_FAILED.json`: why the file has no scores. */
export type Failure = z.infer<typeof failure>;

/** The outcome of a file that has scores. */
export type Succeeded = z.infer<typeof succeeded>;
/** The outcome of a file that failed. */
export type Failed = z.infer<typeof failed>;

/** A failure that was taken back: the file is open again. */
export type Reopened = z.infer<typeof reopened>;

/** The outcome of a file that has been decided. */
export type Decided = Succeeded | Failed;

/** `_work/<source>/outcome.json`: scores, a failure, or a failure that a person took back. */
export type Outcome = Decided | Reopened;

/** `_state/<sha256 of the key>.json`: the version of a candidate key that its scores folder shows. */
export type Pointer = z.infer<typeof pointer>;

/** What each record must be. */
export const RECORDS = {
  plan: { formatVersion: FORMAT_VERSION, schema: plan },
  receipt: { formatVersion: FORMAT_VERSION, schema: receipt },
  manifest: { formatVersion: FORMAT_VERSION, schema: manifest },
  failure: { formatVersion: FORMAT_VERSION, schema: failure },
  outcome: { formatVersion: FORMAT_VERSION, schema: z.discriminatedUnion('status', [succeeded, failed, reopened]) },
  pointer: { formatVersion: FORMAT_VERSION, schema: pointer },
} as const;

/**
 * Reads a record of scoring; `null` where there is none.
 * @throws {ScoringError} where another release wrote it, or it is not what it must be.
 */
export function readRecord<Value>(store: Store, kind: RecordKind<Value>, key: string): Promise<Stored<Value> | null> {
  return readStored(store, kind, { key }).catch((error: unknown) => {
    throw asScoringError(error);
  });
}

/** Returns how the parts of a plan's shards are written: those that are to be ranked are read once more. */
export function formatOfShards({ ranking, format = 'parquet' }: Pick<Plan, 'ranking' | 'format'>): ScoresFormat {
  return ranking === undefined ? format : 'parquet';
}

/** The plan of a file version; `null` where there is none. */
export async function readPlan(store: Store, source: string): Promise<Plan | null> {
  return (await readRecord(store, RECORDS.plan, planKey(source)))?.value ?? null;
}

/** Reads the outcome of a file version, with its etag; `null` if there is none. */
export async function readOutcome(store: Store, source: string): Promise<Stored<Outcome> | null> {
  return readRecord<Outcome>(store, RECORDS.outcome, outcomeKey(source));
}

/**
 * The receipt in a part's metadata.
 * @throws {ScoringError} where it is not what it must be.
 */
export function parseReceipt(text: string, partKey: string, store: Store): Receipt {
  try {
    return parseRecord(RECORDS.receipt, text, `receipt of ${partKey}`, store.url);
  } catch (error) {
    throw asScoringError(error);
  }
}

/** Whether an outcome is final unless a person reopens it. */
export function isDecided(outcome: Outcome | undefined): outcome is Decided {
  return outcome !== undefined && outcome.status !== 'reopened';
}

function asScoringError(error: unknown): unknown {
  return error instanceof InvalidRecordError ? new ScoringError(error.message, { cause: error }) : error;
}
