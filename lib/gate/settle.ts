/** Puts a decision of the gate into effect: records it and, if it is a promotion, changes the current version. */
import { currentVersion, promoteVersion } from '../registry/current.ts';
import { type Decision, recordDecision } from '../registry/decisions.ts';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import type { GateDecision } from './decide.ts';
import { pinText, promotes } from './verdict.ts';

/** The version that was decided on. */
export interface SettledVersion {
  readonly name: string;
  readonly version: string;
  readonly at: Date;
  /** Epoch of the lease that the version was trained under; left out if there was no lease. */
  readonly trainingEpoch?: number;
}

/**
 * Writes a decision on a published version into the history and, if it is a promotion, makes the version the current
 * one. Returns the decision that took effect: if another version was promoted meanwhile, that is a refusal, and if the
 * current version was pinned meanwhile, the new one is held.
 */
export async function settle(
  store: Store,
  { name, version, at, trainingEpoch }: SettledVersion,
  decision: GateDecision,
): Promise<GateDecision> {
  // The record is written first: a promotion without a recorded reason is worse than a reason without a promotion.
  await recordDecision(store, name, recordOf(decision, version, at));
  if (!promotes(decision)) return decision;
  try {
    const reason = `gate: ${decision.reasons.join('; ')}`;
    await promoteVersion(store, name, version, {
      expected: decision.championEtag,
      reason,
      at,
      ...(trainingEpoch === undefined ? {} : { trainingEpoch }),
    });
    return decision;
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
    // A run that was ended after the promotion, and started again, finds its own version promoted.
    const current = await currentVersion(store, name);
    if (current?.version === version) return decision;
    const was = decision.champion === null ? 'no version was in use' : `${decision.champion} was the current version`;
    const late: GateDecision =
      current?.pin === undefined
        ? {
            ...decision,
            verdict: 'refused',
            reasons: [`another version was promoted in the meantime: ${was} when they were compared`],
          }
        : { ...decision, verdict: 'held', reasons: [pinText(name, current), ...decision.reasons] };
    await recordDecision(store, name, recordOf(late, version, at));
    return late;
  }
}

function recordOf({ verdict, reasons, champion, window, figures }: GateDecision, version: string, at: Date): Decision {
  return {
    version,
    decidedAt: at.toISOString(),
    by: 'gate',
    verdict,
    forced: false,
    champion,
    reasons,
    // A plain object, by way of the JSON that it becomes.
    figures: JSON.parse(JSON.stringify({ window, ...figures })) as Decision['figures'],
  };
}
