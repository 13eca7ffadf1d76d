/**
 * Keys of models: `models/<name>/<version>/<file>`, `models/<name>/current.json`, which names the version in use, and
 * `models/<name>/decisions/<time>-<version>.json`, which say how it came to be; and of the runs that train them, which
 * keep their lease, checkpoints and results below `_training/<name>/`. Each key has a checked name and version in it.
 */
import {
  MANIFEST_FILE,
  MODEL_RECORDS,
  PREFIXES,
  type RunBundleFolder,
  runBundleFolder,
  runKey,
  TRAINING_RECORDS,
} from '../contract/bucket.ts';

const NAME = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Folder of a model's versions.
 * @throws {RangeError} where the name is not one that a declaration may have.
 */
export function modelPrefix(name: string): string {
  return `${PREFIXES.models}${checkedName(name)}/`;
}

/**
 * Folder of a version's files.
 * @throws {RangeError} where the version is not of the form that publishing gives it.
 */
export function versionPrefix(name: string, version: string): string {
  if (!isVersionId(version))
    throw new RangeError(`model version must be like 20260131-235959-0123abcd, got ${version}`);
  return `${modelPrefix(name)}${version}/`;
}

/** Key of a version's manifest. */
export function manifestKey(name: string, version: string): string {
  return `${versionPrefix(name, version)}${MANIFEST_FILE}`;
}

/** Key of the record of the current version. */
export function currentKey(name: string): string {
  return `${modelPrefix(name)}${MODEL_RECORDS.current}`;
}

/** Folder of the records of decisions on a model's versions. */
export function decisionsPrefix(name: string): string {
  return `${modelPrefix(name)}${MODEL_RECORDS.decisions}`;
}

/** Key of a decision; decisions sort by that time, which is later than its own where others were recorded before it. */
export function decisionKey(name: string, version: string, at: Date): string {
  return `${decisionsPrefix(name)}${at.toISOString().replaceAll(/[-:]/g, '')}-${version}.json`;
}

/** The time by which a decision sorts, in milliseconds since 1970; `null` for a key that a person gave, without one. */
export function decisionTime(name: string, key: string): number | null {
  const digits = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3}Z)-/.exec(key.slice(decisionsPrefix(name).length));
  if (digits === null) return null;
  const [, year, month, day, hour, minute, second] = digits;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  return Number.isNaN(time) ? null : time;
}

/** Folder of what the runs that train a model keep among themselves. */
export function trainingPrefix(name: string): string {
  return `${PREFIXES.training}${checkedName(name)}/`;
}

/** Key of the lease on a model's training. */
export function leaseKey(name: string): string {
  return `${trainingPrefix(name)}${TRAINING_RECORDS.lease}`;
}

/** Folder of a model's checkpoints. */
export function checkpointsPrefix(name: string): string {
  return `${trainingPrefix(name)}${TRAINING_RECORDS.checkpoints}`;
}

/** Key of the last day of the data window that a run began with. */
export function windowKey(name: string, runId: string): string {
  return runKey(checkedName(name), runId, 'window');
}

/** Key of what a run is about to settle; the record is gone once it has. */
export function conclusionKey(name: string, runId: string): string {
  return runKey(checkedName(name), runId, 'conclusion');
}

/** Key of what became of a run. */
export function resultKey(name: string, runId: string): string {
  return runKey(checkedName(name), runId, 'result');
}

/** One of the folders of what a run hands to its training on a GPU and gets back, or (`''`) all of them. */
export function runBundlePrefix(name: string, runId: string, folder: RunBundleFolder): string {
  return runBundleFolder(checkedName(name), runId, folder);
}

/** Version of a model from the UTC second and the start of its ONNX file's sha256, so that versions sort by time. */
export function versionIdFrom(createdAt: Date, modelSha256: string): string {
  const [date = '', time = ''] = createdAt.toISOString().split('T');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${modelSha256.slice(0, 8)}`;
}

/** Whether a text has the form of a version's id. */
export function isVersionId(text: string): boolean {
  return /^\d{8}-\d{6}-[0-9a-f]{8}$/.test(text);
}

/** The model and version whose manifest has that key; `null` for any other key. */
export function versionFromManifestKey(key: string): { readonly name: string; readonly version: string } | null {
  const [models, name, version, file, ...rest] = key.split('/');
  if (`${models}/` !== PREFIXES.models || file !== MANIFEST_FILE || rest.length > 0) return null;
  return name !== undefined && version !== undefined && isVersionId(version) ? { name, version } : null;
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`model name must be of a-z, 0-9 and - and not begin with -, got ${name}`);
  return name;
}
