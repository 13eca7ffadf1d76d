/** Names of everything that the scoring of one candidate file reads and writes; all of them follow from the file version. */
import { createHash } from 'node:crypto';

/** What is told of a new candidate file. */
export interface Arrival {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  /** Hexadecimal; orders the versions of one key. */
  readonly sequencer: string;
  /** ISO 8601; orders versions whose sequencers are equal. */
  readonly eventTime: string;
  /** 1, or higher where the same version is scored again on purpose. */
  readonly attempt: number;
}

/** One version of one candidate file: the unit that is planned, scored and ends in exactly one outcome. */
export interface FileVersion extends Arrival {
  /** The first 16 hexadecimal digits of a sha256 over bucket, key and version, and `-2`, `-3` ... where scored again. */
  readonly source: string;
}

/** What becomes of a key before its file is looked at. */
export type KeyCheck =
  | { readonly kind: 'candidate' }
  /** Not a candidate at all: another folder, or a marker file such as Spark's `_SUCCESS`. */
  | { readonly kind: 'ignored' }
  | {
      readonly kind: 'refused';
      readonly reason: 'key_extension' | 'key_too_long' | 'key_segments';
      readonly message: string;
    };

export const CANDIDATES = 'candidates/';
export const WORK = '_work/';

const EXTENSIONS = ['.parquet', '.csv', '.csv.gz'] as const;
// Leaves room, within S3's 1,024 bytes, for what is added to the path under scores/ and rejects/.
const MAX_KEY_BYTES = 900;
const SCORES_PART = /^part-[0-9a-f]{8}(-\d+)?-\d{5,}\.parquet$/;

/** Tells whether a key names a candidate file, and why not. */
export function checkCandidateKey(key: string): KeyCheck {
  const name = key.slice(key.lastIndexOf('/') + 1);
  if (!key.startsWith(CANDIDATES) || name === '' || name.startsWith('_') || name.startsWith('.'))
    return { kind: 'ignored' };
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES)
    return refused('key_too_long', `candidate key has ${bytes} bytes, expected at most ${MAX_KEY_BYTES} (${key})`);
  if (!EXTENSIONS.some((extension) => name.endsWith(extension)))
    return refused(
      'key_extension',
      `candidate key ends in ${extensionOf(name)}, expected .parquet, .csv or .csv.gz (${key})`,
    );
  if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..'))
    return refused('key_segments', `candidate key has an empty, . or .. segment (${key})`);
  return { kind: 'candidate' };
}

/** The arrival with its source id. */
export function fileVersion(arrival: Arrival): FileVersion {
  const { bucket, key, versionId, sequencer, eventTime, attempt } = arrival;
  const hash = sha256(JSON.stringify([bucket, key, versionId])).slice(0, 16);
  const source = attempt === 1 ? hash : `${hash}-${attempt}`;
  return { source, bucket, key, versionId, sequencer, eventTime, attempt };
}

/**
 * Order of the versions of one key: negative where `a` is older. Sequencers of unequal length are compared as S3
 * prescribes, the shorter one filled up with zeros on the right.
 */
export function compareVersions(a: FileVersion, b: FileVersion): number {
  const digits = Math.max(a.sequencer.length, b.sequencer.length);
  return (
    compareText(a.sequencer.toUpperCase().padEnd(digits, '0'), b.sequencer.toUpperCase().padEnd(digits, '0')) ||
    compareText(a.eventTime, b.eventTime) ||
    a.attempt - b.attempt ||
    compareText(a.source, b.source)
  );
}

export function planKey(source: string): string {
  return `${WORK}${source}/plan.json`;
}

export function outcomeKey(source: string): string {
  return `${WORK}${source}/outcome.json`;
}

/** Says that a person has reopened the file version, however it stands now. */
export function reopenedKey(source: string): string {
  return `${WORK}${source}/reopened.json`;
}

/** Says that missing shards were sent once more after so many reopenings. */
export function resentKey(source: string, reopened: number): string {
  return `${WORK}${source}/resent-${reopened}.json`;
}

export function workPartKey(source: string, shard: number): string {
  return `${WORK}${source}/parts/${fiveDigits(shard)}.parquet`;
}

/** Uncompressed rows of one shard of a gzip file, as one planner cut it. */
export function pieceKey(source: string, planId: string, shard: number): string {
  return `${WORK}${source}/pieces/${planId}/${fiveDigits(shard)}.csv`;
}

export function receiptsPrefix(source: string): string {
  return `${WORK}${source}/receipts/`;
}

export function receiptKey(source: string, shard: number): string {
  return `${receiptsPrefix(source)}${fiveDigits(shard)}.json`;
}

/** The pointer of a candidate's path: the newest version that has an outcome. */
export function pointerKey(key: string): string {
  return `_state/${sha256(key)}.json`;
}

/** Where a key that cannot have a folder of its own is refused. */
export function refusalKey(key: string): string {
  return `failed/${sha256(key)}.json`;
}

/** The folder of a candidate's scores, ending in `/`. */
export function scoresFolder(key: string): string {
  return `scores/${key.slice(CANDIDATES.length)}/`;
}

export function scoresPartKey(file: FileVersion, shard: number): string {
  return `${scoresFolder(file.key)}${partName(file, shard)}`;
}

export function rejectsPartKey(file: FileVersion, shard: number): string {
  return `rejects/${file.key.slice(CANDIDATES.length)}/${partName(file, shard)}`;
}

/** Whether a key is a part of this candidate's scores, of whatever version, and not one of a file nested below it. */
export function isScoresPart(key: string, candidateKey: string): boolean {
  const folder = scoresFolder(candidateKey);
  return key.startsWith(folder) && SCORES_PART.test(key.slice(folder.length));
}

export function manifestKey(key: string): string {
  return `${scoresFolder(key)}_manifest.json`;
}

export function successKey(key: string): string {
  return `${scoresFolder(key)}_SUCCESS`;
}

export function failureKey(key: string): string {
  return `${scoresFolder(key)}_FAILED.json`;
}

function partName({ source, attempt }: FileVersion, shard: number): string {
  const again = attempt === 1 ? '' : `-${attempt}`;
  return `part-${source.slice(0, 8)}${again}-${fiveDigits(shard)}.parquet`;
}

function refused(reason: 'key_extension' | 'key_too_long' | 'key_segments', message: string): KeyCheck {
  return { kind: 'refused', reason, message };
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? 'no extension' : name.slice(dot);
}

function fiveDigits(shard: number): string {
  return String(shard).padStart(5, '0');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
