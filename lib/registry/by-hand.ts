/** Promotions, rollbacks and pins that a person orders, kept in the history like the gate's own decisions. */
import { InvalidRecordError } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import {
  type CurrentVersion,
  currentVersion,
  type PassedOver,
  pinVersion,
  promoteVersion,
  type ReasonAndTime,
  replaceDamagedCurrent,
  rollbackVersion,
  unpinVersion,
} from './current.ts';
import { type Decision, lastGateDecision, lastHeld, recordDecision } from './decisions.ts';
import { RefusedVersionError } from './errors.ts';

/** A change that a person ordered. */
export interface ChangedByHand {
  readonly current: CurrentVersion;
  /** The version that was in use before; `null` for none, or where that could not be read. */
  readonly before: CurrentVersion | null;
}

/**
 * Makes a published version the current one; nothing changes, nor is recorded, where it already is. A pin stays, and is
 * then on the new version. If it is forced, a damaged `current.json` is written anew; `damage` says what was wrong.
 * @throws {RefusedVersionError} where the gate refused it, with its reasons, unless it is forced.
 * @throws {VersionNotFoundError} where there is no such version.
 * @throws {PreconditionFailedError} where another promotion came first.
 */
export async function promoteByHand(
  store: Store,
  name: string,
  version: string,
  { isForced, reason, at }: ReasonAndTime & { readonly isForced: boolean },
): Promise<ChangedByHand & { readonly damage: string | null }> {
  const found = await currentOrDamage(store, name);
  if ('damage' in found) {
    if (!isForced) throw found.damage;
    const current = await replaceDamagedCurrent(store, name, version, { reason, at });
    await record(store, name, { version, verdict: 'promoted', forced: true, champion: null, reasons: [reason], at });
    return { current, before: null, damage: found.damage.message };
  }
  const { before } = found;
  const isRefused = await refusal(store, name, version, before, isForced);
  const current = await promoteVersion(store, name, version, { expected: before?.etag ?? null, reason, at });
  if (before?.version === version) return { current, before, damage: null };
  const verdict = before === null ? ('first' as const) : ('promoted' as const);
  const champion = before?.version ?? null;
  await record(store, name, { version, verdict, forced: isRefused, champion, reasons: [reason], at });
  return { current, before, damage: null };
}

/**
 * Makes the version current that was so before the present one, and pins it unless `pinned` is false.
 * @throws as `rollbackVersion`.
 */
export async function rollBackByHand(
  store: Store,
  name: string,
  { pinned, reason, at }: ReasonAndTime & { readonly pinned: boolean },
): Promise<ChangedByHand & { readonly passedOver: readonly PassedOver[] }> {
  const before = await currentVersion(store, name);
  const expected = before?.etag ?? null;
  const { passedOver, ...current } = await rollbackVersion(store, name, { expected, reason, at, pinned });
  const { version } = current;
  const reasons = [reason, ...(pinned ? ['pinned: no training run promotes until models unpin'] : [])];
  const champion = before?.version ?? null;
  await record(store, name, { version, by: 'rollback', verdict: 'promoted', champion, reasons, at });
  return { current, before, passedOver };
}

/**
 * Pins a version, which becomes the current one if it is not.
 * @throws as `promoteByHand` of a version that is not forced.
 */
export async function pinByHand(
  store: Store,
  name: string,
  version: string,
  { reason, at }: ReasonAndTime,
): Promise<ChangedByHand> {
  const before = await currentVersion(store, name);
  await refusal(store, name, version, before, false);
  const current = await pinVersion(store, name, version, { expected: before?.etag ?? null, reason, at });
  await record(store, name, { version, verdict: 'pinned', champion: before?.version ?? null, reasons: [reason], at });
  return { current, before };
}

/**
 * Takes the pin off the current version; nothing changes, nor is recorded, where there is none. `held` is the version
 * that a training run would have promoted last, `null` for none.
 * @throws {VersionNotFoundError} where no version is current.
 * @throws {PreconditionFailedError} where another promotion came first.
 */
export async function unpinByHand(
  store: Store,
  name: string,
  { reason, at }: ReasonAndTime,
): Promise<ChangedByHand & { readonly held: string | null }> {
  const before = await currentVersion(store, name);
  const current = await unpinVersion(store, name, { expected: before?.etag ?? null, reason, at });
  if (before?.pin === undefined) return { current, before, held: null };
  const { version } = current;
  const held = await lastHeld(store, name, version);
  await record(store, name, { version, verdict: 'unpinned', champion: version, reasons: [reason], at });
  return { current, before, held };
}

/** Reads the current version, or the error that says that its record is damaged. */
async function currentOrDamage(
  store: Store,
  name: string,
): Promise<{ readonly before: CurrentVersion | null } | { readonly damage: InvalidRecordError }> {
  try {
    return { before: await currentVersion(store, name) };
  } catch (error) {
    if (error instanceof InvalidRecordError) return { damage: error };
    throw error;
  }
}

/** Returns whether the gate refused a version that is not current; throws then, unless it is forced. */
async function refusal(
  store: Store,
  name: string,
  version: string,
  before: CurrentVersion | null,
  isForced: boolean,
): Promise<boolean> {
  const asked = await lastGateDecision(store, name, version);
  const isRefused = asked?.verdict === 'refused' && before?.version !== version;
  if (isRefused && !isForced)
    throw new RefusedVersionError(
      `version ${version} of model ${name} was refused by the gate at ${asked.decidedAt}: ${asked.reasons.join('; ')} (models promote --force promotes it all the same)`,
    );
  return isRefused;
}

type ByHand = Pick<Decision, 'version' | 'verdict' | 'champion' | 'reasons'> &
  Partial<Pick<Decision, 'by' | 'forced'>> & { readonly at: Date };

function record(store: Store, name: string, { at, ...decision }: ByHand): Promise<void> {
  const defaults = { by: 'hand', forced: false, figures: null } as const;
  return recordDecision(store, name, { ...defaults, decidedAt: at.toISOString(), ...decision });
}
