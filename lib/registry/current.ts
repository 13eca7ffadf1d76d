import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { putConditionally } from '../store/conditional-put.ts';
import { InvalidRecordError, readRecord, recordText } from '../store/records.ts';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import { VersionNotFoundError } from './errors.ts';
import { currentKey, isVersionId } from './keys.ts';
import { problemOf, readManifest } from './versions.ts';

const CURRENT_FORMAT = 1;

// Enough to roll back through a month of nightly models.
const EARLIER_KEPT = 30;

// Each lost attempt means that another promotion succeeded.
const ATTEMPTS = 100;

const versionId = z.string().refine(isVersionId, 'expected a version like 20260131-235959-0123abcd');
const promotion = z.object({ version: versionId, reason: z.string(), promotedAt: z.iso.datetime() });
const pin = z.object({ reason: z.string(), pinnedAt: z.iso.datetime() }).readonly();
const currentSchema = promotion.extend({
  formatVersion: z.literal(CURRENT_FORMAT),
  /** Highest epoch of the lease among the holders that have promoted a version (see `Lease`; no epoch of training). */
  trainingEpoch: z.number().int().optional(),
  /** While it is there, no training run promotes; a person's promotion moves it to the new version. */
  pin: pin.optional(),
  earlier: z.array(promotion.readonly()).readonly(),
});

const CURRENT = { formatVersion: CURRENT_FORMAT, schema: currentSchema };

/** The event that a version became the current one. */
export type Promotion = Readonly<z.infer<typeof promotion>>;

/** A person's decision that the current version stays, whatever training runs find. */
export type Pin = z.infer<typeof pin>;

/** The version in use, with the reason and time of its promotion. */
export interface CurrentVersion extends Promotion {
  /** The versions that were current before, the latest first: what rollbacks bring back. */
  readonly earlier: readonly Promotion[];
  /** Highest epoch of the lease among the holders that have promoted a version, if any has. */
  readonly trainingEpoch?: number | undefined;
  /** Keeps training runs from promoting another version, if it is set. */
  readonly pin?: Pin | undefined;
  /** Etag of `current.json`, to expect in the next promotion. */
  readonly etag: string;
}

/** Why something was changed, and when. */
export interface ReasonAndTime {
  /** A sentence for people. */
  readonly reason: string;
  readonly at: Date;
}

/** The reason and the time of a promotion, and its condition. */
export interface PromoteOptions extends ReasonAndTime {
  /** Etag that `current.json` must still have, `null` if it must not exist; left out to replace any. */
  readonly expected?: string | null;
  /**
   * Epoch of the lease under which the version was trained (see `Lease`). If a later holder of the lease has promoted a
   * version already, the promotion fails.
   */
  readonly trainingEpoch?: number;
}

/** A version that a rollback did not bring back, and why. */
export interface PassedOver {
  readonly version: string;
  readonly problem: string;
}

/**
 * The version in use; `null` where none was ever promoted.
 * @throws {InvalidRecordError}
 */
export async function currentVersion(store: Store, name: string): Promise<CurrentVersion | null> {
  const stored = await readCurrent(store, name).catch((cause: unknown) => {
    if (!(cause instanceof InvalidRecordError)) throw cause;
    const remedy = `entirespace models promote <version> --model ${name} --force writes it anew`;
    throw new InvalidRecordError(`${cause.message}; ${remedy}`, { cause });
  });
  if (stored === null) return null;
  const { formatVersion: _, ...current } = stored.value;
  return { ...current, etag: stored.etag };
}

function readCurrent(store: Store, name: string) {
  return readRecord(store, CURRENT, { key: currentKey(name), what: `current.json of ${name}` });
}

/**
 * Makes a published version the current one; nothing changes where it already is. A pin stays, and is then on the new
 * version.
 * @throws {VersionNotFoundError} where there is no such version.
 * @throws {PreconditionFailedError} where `expected` was given and another promotion came first, or a later holder of
 * the training lease has promoted.
 */
export async function promoteVersion(
  store: Store,
  name: string,
  version: string,
  options: PromoteOptions,
): Promise<CurrentVersion> {
  return swapCurrent(store, name, options, (current) => successor(version, options, current, current?.pin));
}

/**
 * Makes the current version again what was current before the present one, and pins it unless `pinned` is false;
 * again, and it goes one further back. Versions that were removed since, or of which files are missing, are passed over.
 * @throws {VersionNotFoundError} where there is none before that could be used.
 * @throws {PreconditionFailedError} where another promotion came first.
 */
export async function rollbackVersion(
  store: Store,
  name: string,
  { pinned = true, ...options }: PromoteOptions & { readonly pinned?: boolean },
): Promise<CurrentVersion & { readonly passedOver: readonly PassedOver[] }> {
  const current = await currentVersion(store, name);
  if (current === null) throw new VersionNotFoundError(`model ${name} has no current version in ${store.url}`);
  const passedOver: PassedOver[] = [];
  const pin = pinned ? { reason: options.reason, pinnedAt: options.at.toISOString() } : undefined;
  // "Before" is relative to what was read, so a rollback that loses a race is never repeated.
  const expected = options.expected === undefined ? current.etag : options.expected;
  for (const [place, { version }] of current.earlier.entries()) {
    if (version === current.version) continue;
    const problem = await problemOf(store, name, version);
    if (problem !== null) {
      passedOver.push({ version, problem });
      continue;
    }
    const earlier = current.earlier.slice(place + 1);
    const swapped = await swapCurrent(store, name, { ...options, expected }, () => ({
      ...promotedNow(version, options),
      pin,
      earlier,
    }));
    return { ...swapped, passedOver };
  }
  const gone = passedOver.map(({ version, problem }) => `${version}: ${problem}`).join('; ');
  throw new VersionNotFoundError(
    `model ${name} has no version before ${current.version} in ${store.url}${gone === '' ? '' : ` that can be used (${gone})`}`,
  );
}

/**
 * Pins a version, which becomes the current one if it is not: no training run promotes another until it is unpinned.
 * @throws as `promoteVersion`.
 */
export async function pinVersion(
  store: Store,
  name: string,
  version: string,
  options: PromoteOptions,
): Promise<CurrentVersion> {
  const pin = { reason: options.reason, pinnedAt: options.at.toISOString() };
  return swapCurrent(store, name, options, (current) => successor(version, options, current, pin));
}

/**
 * Takes the pin off the current version; nothing changes where there is none.
 * @throws {VersionNotFoundError} where no version is current.
 * @throws {PreconditionFailedError} where another promotion came first.
 */
export async function unpinVersion(store: Store, name: string, options: PromoteOptions): Promise<CurrentVersion> {
  return swapCurrent(store, name, options, (current) => {
    if (current === null) throw new VersionNotFoundError(`model ${name} has no current version in ${store.url}`);
    return { ...current, pin: undefined };
  });
}

/**
 * Writes a damaged `current.json` anew, with a published version and nothing before it.
 * @throws {VersionNotFoundError} where there is no such version.
 * @throws {PreconditionFailedError} where it was changed meanwhile.
 */
export async function replaceDamagedCurrent(
  store: Store,
  name: string,
  version: string,
  options: ReasonAndTime,
): Promise<CurrentVersion> {
  const key = currentKey(name);
  const found = await store.head(key);
  // What is written must replace what is damaged, never a pointer that a person or run has mended meanwhile.
  const isDamaged = await readCurrent(store, name).then(
    () => false,
    (error: unknown) => error instanceof InvalidRecordError,
  );
  if (!isDamaged || found === null) throw new PreconditionFailedError(key, store.url, 'ifMatch');
  const content = { ...promotedNow(version, options), earlier: [] };
  const etag = await writeCurrent(store, name, content, found.etag);
  if (etag === null) throw new PreconditionFailedError(key, store.url, 'ifMatch');
  return { ...content, etag };
}

/** The content of `current.json`. */
type CurrentContent = Omit<CurrentVersion, 'etag'>;

/** The content with a version as the current one: a new promotion, unless it already is. */
function successor(
  version: string,
  options: ReasonAndTime,
  current: CurrentVersion | null,
  pin: Pin | undefined,
): CurrentContent {
  if (current?.version === version) return { ...current, pin };
  const earlier = current === null ? [] : [promotionOf(current), ...current.earlier].slice(0, EARLIER_KEPT);
  return { ...promotedNow(version, options), pin, earlier };
}

/** Compare-and-swap of `current.json`. */
async function swapCurrent(
  store: Store,
  name: string,
  { expected, trainingEpoch }: PromoteOptions,
  contentAfter: (current: CurrentVersion | null) => CurrentContent,
): Promise<CurrentVersion> {
  const key = currentKey(name);
  for (let attempt = 1; ; attempt += 1) {
    const current = await currentVersion(store, name);
    if (expected !== undefined && expected !== (current?.etag ?? null))
      throw new PreconditionFailedError(key, store.url, expected === null ? 'ifAbsent' : 'ifMatch');
    if (trainingEpoch !== undefined && trainingEpoch < (current?.trainingEpoch ?? 0))
      throw new PreconditionFailedError(key, store.url, 'ifMatch');
    const { version, reason, promotedAt, pin, earlier } = contentAfter(current);
    if (current?.version === version && current.pin === pin) return current;
    const latest = trainingEpoch ?? current?.trainingEpoch;
    const content: CurrentContent = {
      version,
      reason,
      promotedAt,
      ...(latest === undefined ? {} : { trainingEpoch: latest }),
      ...(pin === undefined ? {} : { pin }),
      earlier,
    };
    const etag = await writeCurrent(store, name, content, current?.etag ?? null);
    if (etag !== null) return { ...content, etag };
    if (expected !== undefined || attempt === ATTEMPTS)
      throw new PreconditionFailedError(key, store.url, current === null ? 'ifAbsent' : 'ifMatch');
  }
}

/**
 * Writes `current.json` over what has that etag; returns the new etag, `null` if another write came first.
 * @throws {VersionNotFoundError} where there is no such version.
 */
async function writeCurrent(
  store: Store,
  name: string,
  current: CurrentContent,
  expected: string | null,
): Promise<string | null> {
  // A version exists once its manifest does.
  await readManifest(store, name, current.version);
  const content = recordText({ formatVersion: CURRENT_FORMAT, ...current });
  const put = { key: currentKey(name), content, expected };
  const written = await putConditionally({ store, newWriterId: randomUUID }, put);
  return written?.etag ?? null;
}

function promotedNow(version: string, { reason, at }: ReasonAndTime): Promotion {
  return { version, reason, promotedAt: at.toISOString() };
}

function promotionOf({ version, reason, promotedAt }: Promotion): Promotion {
  return { version, reason, promotedAt };
}
