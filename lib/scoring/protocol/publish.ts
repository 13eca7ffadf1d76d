/**
 * Makes the scores folder of a candidate file's key show what it should: the outcome (scores or failure) of the newest
 * version of the file that has one. A small record, the pointer, names that version.
 *
 * Several publishers, the processes that run `publish`, may work on one folder at once, for the same version or for
 * several, and each may be killed or suspended between any two of its requests. No store can lock a folder, so safety
 * comes from the order of the requests:
 *
 * - The pointer only moves to newer versions, and a version's parts are copied only after the pointer has moved to it.
 *   If a folder was listed *before* the pointer was found at a version, the parts in it are therefore that version's
 *   or older. The older ones may be deleted at any later time.
 * - The manifest is replaced by compare-and-swap against the one that was read before the pointer. So it too only moves
 *   to newer versions, all its parts are copied before it is written, and they are deleted only after a newer manifest
 *   has replaced it.
 * - `_SUCCESS` contains the version's id. If the manifest has the same id, all parts are there.
 * - `_SUCCESS` and `_FAILED.json` are deleted without a condition, so a publisher that was suspended may delete a newer
 *   one. But every publisher that has changed anything reads the folder again afterwards, and repairs whatever differs
 *   from the outcome that the pointer names, whichever publisher caused it.
 * - After writing `_SUCCESS` a publisher only reads the pointer again. If the pointer has not moved, nothing more is
 *   needed: a publisher that moves it later finds that `_SUCCESS`, and one of an older version reads the folder again
 *   itself.
 * - Nothing is copied before there is a pointer. So the publisher that writes a key's first pointer knows that the
 *   folder was empty.
 */
import {
  failureKey,
  formatOfPart,
  rankedPartKey,
  scoresFolder,
  scoresManifestKey,
  successKey,
  workPartKey,
} from '../../contract/bucket.ts';
import { type ConditionalWriter, putConditionally } from '../../store/conditional-put.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { getIfPresent, recordText, type Stored } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { ScoringError } from '../errors.ts';
import { compareVersions, type FileVersion, isScoresPart, pointerKey } from './keys.ts';
import {
  type Failed,
  type Failure,
  FORMAT_VERSION,
  type Outcome,
  type Pointer,
  RECORDS,
  readOutcome,
  readRecord,
  type ScoresManifest,
  type Succeeded,
} from './records.ts';

/** Contents of the scores folder of one key. */
interface Folder {
  /** Keys of the parts of all versions. */
  readonly parts: readonly string[];
  readonly manifest: Stored<ScoresManifest> | null;
  readonly failure: Stored<Failure> | null;
  /** Id of the version that `_SUCCESS` names (`source` of a `FileVersion`); `null` if there is no `_SUCCESS`. */
  readonly success: string | null;
}

const EMPTY: Folder = { parts: [], manifest: null, failure: null, success: null };

// A further round is needed only if another publisher changed something meanwhile. After the last one the error makes
// the queue deliver the message again.
const MAX_ROUNDS = 20;

/**
 * Moves the key's pointer to the version of this outcome, unless it is at a newer one, and makes the folder show the
 * outcome that the pointer then names. A caller that has read the pointer before passes it to save a request; it may be
 * outdated.
 * @throws {ScoringError} if other publishers keep changing the pointer or the folder.
 */
export async function publish(
  writer: ConditionalWriter,
  outcome: Outcome,
  pointer?: Stored<Pointer> | null,
): Promise<void> {
  const { file } = outcome;
  const known = pointer === undefined ? await readPointer(writer.store, file.key) : pointer;
  const isFirst = await advancePointer(writer, file, known);
  if (isFirst && (await show(writer, EMPTY, outcome))) return;
  await showPath(writer, file.key);
}

/** Reads a key's pointer, which names its newest version with an outcome; `null` if no version has one yet. */
export async function readPointer(store: Store, key: string): Promise<Stored<Pointer> | null> {
  return readRecord(store, RECORDS.pointer, pointerKey(key));
}

/** Moves the pointer to a version unless it is there or at a newer one. Returns whether it wrote the first pointer. */
async function advancePointer(
  writer: ConditionalWriter,
  file: FileVersion,
  known: Stored<Pointer> | null,
): Promise<boolean> {
  let pointer = known;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (pointer !== null && compareVersions(pointer.value.file, file) >= 0) return false;
    const content = recordText({ formatVersion: FORMAT_VERSION, file } satisfies Pointer);
    if (await putConditionally(writer, { key: pointerKey(file.key), content, expected: pointer?.etag ?? null }))
      return pointer === null;
    pointer = await readPointer(writer.store, file.key);
  }
  throw new ScoringError(`pointer of ${file.key} changed ${MAX_ROUNDS} times while it was being moved`);
}

/** Makes the folder of a key show the outcome that its pointer names, in as many rounds as that takes. */
async function showPath(writer: ConditionalWriter, key: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const folder = await readFolder(writer, key);
    const outcome = await pointedOutcome(writer, key);
    // Without an outcome, the records of the version have expired, long after its folder was finished.
    if (outcome === null || isShown(folder, outcome)) return;
    if (await show(writer, folder, outcome)) return;
  }
  throw new ScoringError(`scores of ${key} did not come to rest in ${MAX_ROUNDS} rounds`);
}

/**
 * Changes the folder to show the outcome. Returns whether it surely does now; if not, the caller must read it again.
 */
function show(writer: ConditionalWriter, folder: Folder, outcome: Outcome): Promise<boolean> {
  switch (outcome.status) {
    case 'succeeded':
      return showScores(writer, folder, outcome);
    case 'failed':
      return showFailure(writer, folder, outcome);
    case 'reopened':
      return withdraw(writer, folder, outcome.file.key);
  }
}

/** Copies the parts, writes the manifest, deletes everything of other versions, and writes `_SUCCESS`. */
async function showScores(writer: ConditionalWriter, folder: Folder, { file, manifest }: Succeeded): Promise<boolean> {
  const { store } = writer;
  const whole = isWhole(folder, manifest);
  const isComplete = whole && folder.success === file.source;
  if (folder.success !== null && !isComplete) await store.delete(successKey(file.key));
  if (!whole) {
    // A part is never copied halfway. Those that are there are not copied again, so a publisher that is interrupted
    // among thousands of parts gets further with each attempt.
    const present = new Set(folder.parts);
    const madeKey = manifest.ranking === undefined ? workPartKey : rankedPartKey;
    await mapAtOnce(manifest.parts, async ({ key }, shard) => {
      if (!present.has(key)) await store.copy(madeKey(file.source, shard, formatOfPart(key)), key);
    });
    const content = recordText(manifest);
    const expected = folder.manifest?.etag ?? null;
    if (!(await putConditionally(writer, { key: scoresManifestKey(file.key), content, expected }))) return false;
  }
  await mapAtOnce(foreignParts(folder, manifest), (key) => store.delete(key));
  if (folder.failure !== null) await store.delete(failureKey(file.key));
  if (isComplete) return false;
  // Shortens the time in which `_SUCCESS` may appear while a newer version is being copied. It cannot be excluded.
  if (!(await isPointedAt(writer, file))) return false;
  const success = { key: successKey(file.key), content: file.source, expected: null };
  return (await putConditionally(writer, success)) !== null && (await isPointedAt(writer, file));
}

/** Returns whether the pointer still names this version. */
async function isPointedAt({ store }: ConditionalWriter, file: FileVersion): Promise<boolean> {
  return (await readPointer(store, file.key))?.value.file.source === file.source;
}

/**
 * Deletes `_SUCCESS` and writes `_FAILED.json`. The parts and the manifest of an older version stay: a bad file
 * withdraws good scores, but does not destroy them. A person may reopen the file at any time, so the result is never
 * certain.
 */
async function showFailure(writer: ConditionalWriter, folder: Folder, { file, failure }: Failed): Promise<false> {
  if (folder.success !== null) await writer.store.delete(successKey(file.key));
  const expected = folder.failure?.etag ?? null;
  await putConditionally(writer, { key: failureKey(file.key), content: recordText(failure), expected });
  return false;
}

/** Deletes both results of a file that a person has reopened. */
async function withdraw({ store }: ConditionalWriter, folder: Folder, key: string): Promise<false> {
  if (folder.success !== null) await store.delete(successKey(key));
  if (folder.failure !== null) await store.delete(failureKey(key));
  return false;
}

/** Returns whether the folder shows exactly this outcome. */
function isShown(folder: Folder, outcome: Outcome): boolean {
  const { success, failure } = folder;
  switch (outcome.status) {
    case 'succeeded':
      return (
        success === outcome.file.source &&
        failure === null &&
        isWhole(folder, outcome.manifest) &&
        foreignParts(folder, outcome.manifest).length === 0
      );
    case 'failed':
      return success === null && failure !== null && isSame(failure.value, outcome.failure);
    case 'reopened':
      return success === null && failure === null;
  }
}

/** Returns whether the folder holds this manifest and all its parts. */
function isWhole(folder: Folder, manifest: ScoresManifest): boolean {
  if (folder.manifest === null || !isSame(folder.manifest.value, manifest)) return false;
  const present = new Set(folder.parts);
  return manifest.parts.every(({ key }) => present.has(key));
}

/** Returns the keys of the parts that do not belong to the manifest. */
function foreignParts(folder: Folder, manifest: ScoresManifest): string[] {
  const own = new Set(manifest.parts.map(({ key }) => key));
  return folder.parts.filter((key) => !own.has(key));
}

function isSame(a: ScoresManifest | Failure, b: ScoresManifest | Failure): boolean {
  return recordText(a) === recordText(b);
}

async function readFolder({ store }: ConditionalWriter, key: string): Promise<Folder> {
  const parts: string[] = [];
  const records = new Set<string>();
  // The listing shows which records exist, so the missing ones, which are all of them for a new file, are not
  // requested.
  for await (const { key: found } of store.list(scoresFolder(key))) {
    if (isScoresPart(found, key)) parts.push(found);
    else records.add(found);
  }
  const ifListed = <Value>(record: string, read: () => Promise<Value | null>) => (records.has(record) ? read() : null);
  const manifest = await ifListed(scoresManifestKey(key), () =>
    readRecord(store, RECORDS.manifest, scoresManifestKey(key)),
  );
  const failure = await ifListed(failureKey(key), () => readRecord(store, RECORDS.failure, failureKey(key)));
  const success = await ifListed(successKey(key), () => getIfPresent(store, successKey(key)));
  return { parts, manifest, failure, success: success && new TextDecoder().decode(success.body) };
}

/** Reads the outcome of the version that the pointer names. */
async function pointedOutcome({ store }: ConditionalWriter, key: string): Promise<Outcome | null> {
  const pointer = await readPointer(store, key);
  if (pointer === null) return null;
  return (await readOutcome(store, pointer.value.file.source))?.value ?? null;
}
