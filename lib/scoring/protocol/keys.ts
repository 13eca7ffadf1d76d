/** Which keys are candidate files, which version of one is the newer, and the keys that follow from a version. */
import {
  DATA_EXTENSIONS_TEXT,
  dataFormatOf,
  PART_NAME,
  PREFIXES,
  partName,
  rejectsFolder,
  type ScoresFormat,
  scoresFolder,
} from '../../contract/bucket.ts';
import { MAX_CANDIDATE_KEY_BYTES } from '../../contract/limits.ts';
import { isDesktopFile, isHidden, isPartial, type LeftOutReason } from '../../table/source/left-out.ts';
import { digestText } from '../../workers/file-digest.ts';

/** What an event says of a new candidate file. */
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
  /**
   * The first 16 hexadecimal digits of a sha256 over bucket, key and version, and `-2`, `-3` ... where scored again.
   */
  readonly source: string;
}

/** What becomes of a key before its file is looked at. */
export type KeyCheck =
  | { readonly kind: 'candidate' }
  /**
   * Not meant as a candidate: a marker such as Spark's `_SUCCESS`, what lies below `_temporary/`, an incomplete download,
   * a file of a desktop system; `null` for the key of another folder.
   */
  | { readonly kind: 'ignored'; readonly reason: Extract<LeftOutReason, 'hidden' | 'partial' | 'desktop'> | null }
  | {
      readonly kind: 'refused';
      readonly reason: 'key_extension' | 'key_too_long' | 'key_segments';
      readonly message: string;
    };

/** Whether a key names a candidate file, and why not. */
export function checkCandidateKey(key: string): KeyCheck {
  const name = key.slice(key.lastIndexOf('/') + 1);
  if (!key.startsWith(PREFIXES.candidates) || name === '') return { kind: 'ignored', reason: null };
  const segments = key.slice(PREFIXES.candidates.length).split('/');
  const hidden = segments.some((segment) => isHidden(segment) && segment !== '.' && segment !== '..');
  const reason = isDesktopFile(name) ? 'desktop' : hidden ? 'hidden' : isPartial(name) ? 'partial' : null;
  if (reason !== null) return { kind: 'ignored', reason };
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_CANDIDATE_KEY_BYTES)
    return refused(
      'key_too_long',
      `candidate key has ${bytes} bytes, expected at most ${MAX_CANDIDATE_KEY_BYTES} (${key})`,
    );
  if (dataFormatOf(name) === undefined)
    return refused(
      'key_extension',
      `candidate key ends in ${extensionOf(name)}, expected ${DATA_EXTENSIONS_TEXT} (${key})`,
    );
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return refused('key_segments', `candidate key has an empty, . or .. segment (${key})`);
  return { kind: 'candidate' };
}

/** The arrival with its source id. */
export function fileVersion(arrival: Arrival): FileVersion {
  const { bucket, key, versionId, sequencer, eventTime, attempt } = arrival;
  const hash = digestText(JSON.stringify([bucket, key, versionId])).slice(0, 16);
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

/** Key of a candidate's pointer: the newest version of it that has an outcome. */
export function pointerKey(key: string): string {
  return `${PREFIXES.state}${digestText(key)}.json`;
}

/** Key of the record that a candidate key was refused which cannot have a folder of its own. */
export function refusalKey(key: string): string {
  return `${PREFIXES.failed}${digestText(key)}.json`;
}

/** Key of a shard's published scores. */
export function scoresPartKey(
  { key, source, attempt }: FileVersion,
  shard: number,
  format: ScoresFormat = 'parquet',
): string {
  return `${scoresFolder(key)}${partName(source, attempt, shard, format)}`;
}

/** Key of a shard's rejected rows. */
export function rejectsPartKey({ key, source, attempt }: FileVersion, shard: number): string {
  return `${rejectsFolder(key)}${partName(source, attempt, shard)}`;
}

/** Whether a key is a part of this candidate's scores, of whatever version, and not one of a file nested below it. */
export function isScoresPart(key: string, candidateKey: string): boolean {
  const folder = scoresFolder(candidateKey);
  return key.startsWith(folder) && PART_NAME.test(key.slice(folder.length));
}

function refused(reason: 'key_extension' | 'key_too_long' | 'key_segments', message: string): KeyCheck {
  return { kind: 'refused', reason, message };
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? 'no extension' : name.slice(dot);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
