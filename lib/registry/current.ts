import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { putConditionally } from '../store/conditional-put.ts';
import { readRecord, recordText } from '../store/records.ts';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import { VersionNotFoundError } from './errors.ts';
import { currentKey } from './keys.ts';
import { readManifest } from './versions.ts';

const CURRENT_FORMAT = 1;

// Enough to roll back through a month of nightly models.
const EARLIER_KEPT = 30;

// Each lost attempt means that another promotion succeeded.
const ATTEMPTS = 100;

const promotion = z.object({ version: z.string(), reason: z.string(), promotedAt: z.iso.datetime() });
const currentSchema = promotion.extend({
  formatVersion: z.literal(CURRENT_FORMAT),
  /** Highest epoch of the lease among the holders that have promoted a version (see `Lease`; no epoch of training). */
  trainingEpoch: z.number().int().optional(),
  earlier: z.array(promotion.readonly()).readonly(),
});

const CURRENT = { formatVersion: CURRENT_FORMAT, schema: currentSchema };

/** The event that a version became the current one. */
export type Promotion = Readonly<z.infer<typeof promotion>>;

/** The version in use, with the reason and time of its promotion. */
export interface CurrentVersion extends Promotion {
  /** The versions that were current before, the latest first: what rollbacks bring back. */
  readonly earlier: readonly Promotion[];
  /** Highest epoch of the lease among the holders that have promoted a version, if any has. */
  readonly trainingEpoch?: number | undefined;
  /** Etag of `current.json`, to expect in the next promotion. */
  readonly etag: string;
}

/** The condition, the reason and the time of a promotion. */
export interface PromoteOptions {
  /** Etag that `current.json` must still have, `null` if it must not exist; left out to replace any. */
  readonly expected?: string | null;
  /**
   * Epoch of the lease under which the version was trained (see `Lease`). If a later holder of the lease has promoted a
   * version already, the promotion fails.
   */
  readonly trainingEpoch?: number;
  /** Why the version became current, as a sentence for people. */
  readonly reason: string;
  readonly at: Date;
}

/**
 * The version in use; `null` where none was ever promoted.
 * @throws {InvalidRecordError}
 */
export async function currentVersion(store: Store, name: string): Promise<CurrentVersion | null> {
  const stored = await readRecord(store, CURRENT, { key: currentKey(name), what: `current.json of ${name}` });
  if (stored === null) return null;
  const { formatVersion: _, ...current } = stored.value;
  return { ...current, etag: stored.etag };
}

/**
 * Makes a published version the current one; nothing changes where it already is.
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
  await readManifest(store, name, version);
  return swapCurrent(store, name, options, (current) => ({
    version,
    earlier: current === null ? [] : [promotionOf(current), ...current.earlier].slice(0, EARLIER_KEPT),
  }));
}

/**
 * Makes the version current that was so before the present one; again, and it goes one further back.
 * @throws {VersionNotFoundError} where there is none before, or it is no longer published.
 * @throws {PreconditionFailedError} where another promotion came first.
 */
export async function rollbackVersion(store: Store, name: string, options: PromoteOptions): Promise<CurrentVersion> {
  const current = await currentVersion(store, name);
  if (current === null) throw new VersionNotFoundError(`model ${name} has no current version in ${store.url}`);
  const [previous, ...earlier] = current.earlier;
  if (previous === undefined)
    throw new VersionNotFoundError(`model ${name} has no version before ${current.version} in ${store.url}`);
  await readManifest(store, name, previous.version);
  // "Before" is relative to what was read, so a rollback that loses a race is never repeated.
  const expected = options.expected === undefined ? current.etag : options.expected;
  return swapCurrent(store, name, { ...options, expected }, () => ({ version: previous.version, earlier }));
}

/** Compare-and-swap of `current.json`. */
async function swapCurrent(
  store: Store,
  name: string,
  { expected, reason, at, trainingEpoch }: PromoteOptions,
  successorOf: (current: CurrentVersion | null) => Pick<CurrentVersion, 'version' | 'earlier'>,
): Promise<CurrentVersion> {
  const key = currentKey(name);
  for (let attempt = 1; ; attempt += 1) {
    const current = await currentVersion(store, name);
    if (expected !== undefined && expected !== (current?.etag ?? null))
      throw new PreconditionFailedError(key, store.url, expected === null ? 'ifAbsent' : 'ifMatch');
    if (trainingEpoch !== undefined && trainingEpoch < (current?.trainingEpoch ?? 0))
      throw new PreconditionFailedError(key, store.url, 'ifMatch');
    const { version, earlier } = successorOf(current);
    if (current?.version === version) return current;
    const promoted = { version, reason, promotedAt: at.toISOString() };
    const latest = trainingEpoch ?? current?.trainingEpoch;
    const epoch = latest === undefined ? {} : { trainingEpoch: latest };
    const content = recordText({ formatVersion: CURRENT_FORMAT, ...promoted, ...epoch, earlier });
    const put = { key, content, expected: current?.etag ?? null };
    const written = await putConditionally({ store, newWriterId: randomUUID }, put);
    if (written !== null) return { ...promoted, ...epoch, earlier, etag: written.etag };
    if (expected !== undefined || attempt === ATTEMPTS)
      throw new PreconditionFailedError(key, store.url, current === null ? 'ifAbsent' : 'ifMatch');
  }
}

function promotionOf({ version, reason, promotedAt }: Promotion): Promotion {
  return { version, reason, promotedAt };
}
