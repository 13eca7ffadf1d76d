/** Promotions and rollbacks that a person orders, kept in the history like the gate's own. */
import type { Store } from '../store/store.ts';
import { type CurrentVersion, currentVersion, promoteVersion, rollbackVersion } from './current.ts';
import { lastGateDecision, recordDecision } from './decisions.ts';
import { RefusedVersionError } from './errors.ts';

/** The reason and time of a promotion or rollback by hand. */
export interface ByHandOptions {
  /** Why, as a sentence for people. */
  readonly reason: string;
  readonly at: Date;
}

/**
 * Makes a published version the current one; nothing changes, nor is recorded, where it already is.
 * @throws {RefusedVersionError} where the gate refused it, with its reasons, unless it is forced.
 * @throws {VersionNotFoundError} where there is no such version.
 * @throws {PreconditionFailedError} where another promotion came first.
 */
export async function promoteByHand(
  store: Store,
  name: string,
  version: string,
  { isForced, reason, at }: ByHandOptions & { readonly isForced: boolean },
): Promise<CurrentVersion> {
  const before = await currentVersion(store, name);
  const asked = await lastGateDecision(store, name, version);
  const isRefused = asked?.verdict === 'refused' && before?.version !== version;
  if (isRefused && !isForced)
    throw new RefusedVersionError(
      `version ${version} of model ${name} was refused by the gate at ${asked.decidedAt}: ${asked.reasons.join('; ')} (--force promotes it all the same)`,
    );
  const current = await promoteVersion(store, name, version, { expected: before?.etag ?? null, reason, at });
  if (before?.version === version) return current;
  await recordDecision(store, name, {
    version,
    decidedAt: at.toISOString(),
    by: 'hand',
    verdict: before === null ? 'first' : 'promoted',
    forced: isRefused,
    champion: before?.version ?? null,
    reasons: [reason],
    figures: null,
  });
  return current;
}

/**
 * Makes the version current that was so before the present one.
 * @throws as `rollbackVersion`.
 */
export async function rollBackByHand(
  store: Store,
  name: string,
  { reason, at }: ByHandOptions,
): Promise<CurrentVersion> {
  const before = await currentVersion(store, name);
  const current = await rollbackVersion(store, name, { expected: before?.etag ?? null, reason, at });
  await recordDecision(store, name, {
    version: current.version,
    decidedAt: at.toISOString(),
    by: 'rollback',
    verdict: 'promoted',
    forced: false,
    champion: before?.version ?? null,
    reasons: [reason],
    figures: null,
  });
  return current;
}
