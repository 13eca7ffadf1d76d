/**
 * Makes the scores folder of a path show what it should: the outcome of the newest version that has one.
 *
 * Several publishers may work on one folder at once, for one version or for several, and each may be killed or fall
 * asleep between any two of its calls. No store can lock a folder, so safety comes from the order of the calls:
 *
 * - The pointer only moves to newer versions, and a version's parts are copied only after it has moved there. A folder
 *   that was read *before* the pointer was found at a version therefore holds, beside that version's parts, only older
 *   ones: they may be deleted at any later time.
 * - The manifest is replaced by compare-and-swap against the one that was read before the pointer. So it only moves to
 *   newer versions too, all its parts are there before it, and they are deleted only once a newer one is in its place.
 * - `_SUCCESS` names its version; where its name and the manifest's agree, the parts are whole.
 * - `_SUCCESS` and `_FAILED.json` are deleted without a condition, and a sleeper may wake to delete a newer one. But a
 *   publisher that has changed anything looks again afterwards, and repairs what is not as the pointer says, whichever
 *   publisher left it so.
 * - After its own `_SUCCESS` a publisher only looks at the pointer: where it has not moved, a publisher that moves it
 *   later finds that `_SUCCESS`, and one that comes from an older version looks again itself.
 * - Nothing is copied before there is a pointer. The publisher that makes a path's first one therefore knows that the
 *   folder was empty.
 */
import { failureKey, scoresFolder, scoresManifestKey, successKey, workPartKey } from '../../contract/bucket.ts';
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

/** What lies in the scores folder of one path. */
interface Folder {
  /** Keys of the parts, of whatever version. */
  readonly parts: readonly string[];
  readonly manifest: Stored<ScoresManifest> | null;
  readonly failure: Stored<Failure> | null;
  /** The source in `_SUCCESS`. */
  readonly success: string | null;
}

const EMPTY: Folder = { parts: [], manifest: null, failure: null, success: null };

// Each further round needs another publisher to have moved in between; a message that gives up is tried again.
const MAX_ROUNDS = 20;

/**
 * Moves the path's pointer to the version of this outcome, unless it is at a newer one, and makes the folder show what
 * the pointer names. A pointer that was read before, however long ago, spares a request.
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

/** The newest version of a key that has an outcome; `null` where none has. */
export async function readPointer(store: Store, key: string): Promise<Stored<Pointer> | null> {
  return readRecord(store, RECORDS.pointer, pointerKey(key));
}

/** Moves the pointer to the file's version unless it is there or further; returns whether it made the first pointer. */
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

async function showPath(writer: ConditionalWriter, key: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const folder = await readFolder(writer, key);
    const outcome = await pointedOutcome(writer, key);
    // Without an outcome the version's work has expired, long after its folder was made.
    if (outcome === null || isShown(folder, outcome)) return;
    if (await show(writer, folder, outcome)) return;
  }
  throw new ScoringError(`scores of ${key} did not come to rest in ${MAX_ROUNDS} rounds`);
}

/** Returns whether the folder is known to show the outcome; where it is not, the caller must look again. */
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

async function showScores(writer: ConditionalWriter, folder: Folder, { file, manifest }: Succeeded): Promise<boolean> {
  const { store } = writer;
  const whole = isWhole(folder, manifest);
  const stands = whole && folder.success === file.source;
  if (folder.success !== null && !stands) await store.delete(successKey(file.key));
  if (!whole) {
    // A copy is whole or not there. Those that are there stay, so that a publisher that is cut off in the middle of
    // thousands gets further each time.
    const present = new Set(folder.parts);
    await mapAtOnce(manifest.parts, async ({ key }, shard) => {
      if (!present.has(key)) await store.copy(workPartKey(file.source, shard), key);
    });
    const content = recordText(manifest);
    const expected = folder.manifest?.etag ?? null;
    if (!(await putConditionally(writer, { key: scoresManifestKey(file.key), content, expected }))) return false;
  }
  await mapAtOnce(strangers(folder, manifest), (key) => store.delete(key));
  if (folder.failure !== null) await store.delete(failureKey(file.key));
  if (stands) return false;
  // Narrows, and cannot close, the time in which `_SUCCESS` may appear while a newer version is being copied.
  if (!(await isPointedAt(writer, file))) return false;
  const success = { key: successKey(file.key), content: file.source, expected: null };
  return (await putConditionally(writer, success)) !== null && (await isPointedAt(writer, file));
}

async function isPointedAt({ store }: ConditionalWriter, file: FileVersion): Promise<boolean> {
  return (await readPointer(store, file.key))?.value.file.source === file.source;
}

// The parts and the manifest of an older version stay: a bad file does not destroy good scores, it only withdraws them.
// And it may be reopened at any time, so that it is always looked at again.
async function showFailure(writer: ConditionalWriter, folder: Folder, { file, failure }: Failed): Promise<false> {
  if (folder.success !== null) await writer.store.delete(successKey(file.key));
  const expected = folder.failure?.etag ?? null;
  await putConditionally(writer, { key: failureKey(file.key), content: recordText(failure), expected });
  return false;
}

async function withdraw({ store }: ConditionalWriter, folder: Folder, key: string): Promise<false> {
  if (folder.success !== null) await store.delete(successKey(key));
  if (folder.failure !== null) await store.delete(failureKey(key));
  return false;
}

function isShown(folder: Folder, outcome: Outcome): boolean {
  const { success, failure } = folder;
  switch (outcome.status) {
    case 'succeeded':
      return (
        success === outcome.file.source &&
        failure === null &&
        isWhole(folder, outcome.manifest) &&
        strangers(folder, outcome.manifest).length === 0
      );
    case 'failed':
      return success === null && failure !== null && isSame(failure.value, outcome.failure);
    case 'reopened':
      return success === null && failure === null;
  }
}

/** Whether the manifest is in place with all its parts. */
function isWhole(folder: Folder, manifest: ScoresManifest): boolean {
  if (folder.manifest === null || !isSame(folder.manifest.value, manifest)) return false;
  const present = new Set(folder.parts);
  return manifest.parts.every(({ key }) => present.has(key));
}

function strangers(folder: Folder, manifest: ScoresManifest): string[] {
  const own = new Set(manifest.parts.map(({ key }) => key));
  return folder.parts.filter((key) => !own.has(key));
}

function isSame(a: ScoresManifest | Failure, b: ScoresManifest | Failure): boolean {
  return recordText(a) === recordText(b);
}

async function readFolder({ store }: ConditionalWriter, key: string): Promise<Folder> {
  const parts: string[] = [];
  const records = new Set<string>();
  // One listing shows which records there are: a new file has none, and none is requested.
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

async function pointedOutcome({ store }: ConditionalWriter, key: string): Promise<Outcome | null> {
  const pointer = await readPointer(store, key);
  if (pointer === null) return null;
  return (await readOutcome(store, pointer.value.file.source))?.value ?? null;
}
