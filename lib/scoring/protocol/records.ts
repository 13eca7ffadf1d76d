/** The JSON objects by which planners, scorers and finishers agree. Each is written under a condition and never trusted to be one's own. */
import { outcomeKey, planKey } from '../../contract/bucket.ts';
import { ObjectNotFoundError, type Store, type StoredObject } from '../../store/store.ts';
import type { CandidatePlan } from '../../table/candidates/plan.ts';
import { ScoringError } from '../errors.ts';
import type { FileVersion } from './keys.ts';
import type { ModelVersion } from './ports.ts';

export const FORMAT_VERSION = 1;

interface Versioned {
  readonly formatVersion: typeof FORMAT_VERSION;
}

/** `_work/<source>/plan.json`: everything about the file that must not change while it is scored. */
export interface Plan extends Versioned {
  readonly file: FileVersion;
  readonly model: ModelVersion;
  readonly maxRejected: number;
  readonly plannedAt: string;
  readonly candidates: CandidatePlan;
}

/** `_work/<source>/receipts/NNNNN.json`: a shard is done. Rows in = scored + rejected. */
export interface Receipt extends Versioned {
  readonly shard: number;
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Rows scored although the table of an entity lacks theirs, by entity; absent where no entity may be unknown. */
  readonly unknownEntities?: Readonly<Record<string, number>>;
  /** Of the scores. */
  readonly sha256: string;
  readonly seconds: number;
  readonly cpuModel: string;
}

/** `scores/<path>/_manifest.json`. */
export interface Manifest extends Versioned {
  readonly source: string;
  readonly key: string;
  readonly versionId: string;
  readonly model: ModelVersion;
  readonly parts: readonly { readonly key: string; readonly rows: number; readonly sha256: string }[];
  readonly rejects: readonly string[];
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Rows scored although the table of an entity lacks theirs, by entity; absent where no entity may be unknown. */
  readonly unknownEntities?: Readonly<Record<string, number>>;
  /** Time spent on the shards, added up. */
  readonly seconds: number;
  readonly cpuModels: readonly string[];
  readonly plannedAt: string;
  readonly finishedAt: string;
}

/** `scores/<path>/_FAILED.json`. */
export interface Failure extends Versioned {
  readonly reason: string;
  /** One plain sentence. */
  readonly message: string;
  readonly source: string;
  readonly key: string;
  readonly versionId: string;
  readonly failedAt: string;
  /** Numbers behind the reason, where it has any. */
  readonly details: Readonly<Record<string, unknown>>;
}

interface OutcomeBase extends Versioned {
  readonly file: FileVersion;
  /** How often a person has reopened the file. */
  readonly reopened: number;
}

export interface Succeeded extends OutcomeBase {
  readonly status: 'succeeded';
  readonly manifest: Manifest;
}

export interface Failed extends OutcomeBase {
  readonly status: 'failed';
  readonly failure: Failure;
}

/** A failure that was taken back: the file is open again. */
export interface Reopened extends OutcomeBase {
  readonly status: 'reopened';
  readonly reopenedAt: string;
}

export type Decided = Succeeded | Failed;

/** `_work/<source>/outcome.json`. */
export type Outcome = Decided | Reopened;

/** `_state/<sha256 of the key>.json`. */
export interface Pointer extends Versioned {
  readonly file: FileVersion;
}

/** A record and the etag it was read with. */
export interface Stored<Value> {
  readonly value: Value;
  readonly etag: string;
}

/** The object, or `null` where there is none. */
export async function getIfPresent(store: Store, key: string): Promise<StoredObject | null> {
  try {
    return await store.get(key);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  }
}

/**
 * A record of this release's format, or `null` where there is none.
 * @throws {ScoringError} where another release wrote it, or it is no record at all.
 */
export async function readRecord<Value extends Versioned>(store: Store, key: string): Promise<Stored<Value> | null> {
  const object = await getIfPresent(store, key);
  if (object === null) return null;
  const value = parseJson(new TextDecoder().decode(object.body), key, store) as Value;
  if (value?.formatVersion !== FORMAT_VERSION)
    throw new ScoringError(
      `format of ${key} is ${value?.formatVersion}, expected ${FORMAT_VERSION}: another release wrote it (in ${store.url})`,
    );
  return { value, etag: object.etag };
}

/** The plan of a file version, or `null` where there is none. */
export async function readPlan(store: Store, source: string): Promise<Plan | null> {
  return (await readRecord<Plan>(store, planKey(source)))?.value ?? null;
}

/** The outcome that stands for a file version, with its etag; `null` where there is none. */
export async function readOutcome(store: Store, source: string): Promise<Stored<Outcome> | null> {
  return readRecord<Outcome>(store, outcomeKey(source));
}

/** Whether an outcome is final unless a person reopens it. */
export function isDecided(outcome: Outcome | undefined): outcome is Decided {
  return outcome !== undefined && outcome.status !== 'reopened';
}

/** The text under which a record is stored. */
export function recordText(record: object): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

function parseJson(text: string, key: string, store: Store): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ScoringError(`${key} is not JSON (in ${store.url})`, { cause });
  }
}
