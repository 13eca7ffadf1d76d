/** What a decision comes to: a record of it, and where it says so another current version. */
import { currentVersion, promoteVersion } from '../registry/current.ts';
import { type Decision, recordDecision } from '../registry/decisions.ts';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import type { GateDecision } from './decide.ts';

export interface SettledVersion {
  readonly name: string;
  readonly version: string;
  readonly at: Date;
  /** Of the lease that the version was trained under, if under any. */
  readonly trainingEpoch?: number;
}

/**
 * Writes a decision on a published version into the history, and makes the version the current one where that was
 * decided. Answers what became of it: a promotion that came in between turns it into a refusal.
 */
export async function settle(
  store: Store,
  { name, version, at, trainingEpoch }: SettledVersion,
  decision: GateDecision,
): Promise<GateDecision> {
  // First the record: a promotion that nobody can explain is worse than an explanation that came to nothing.
  await recordDecision(store, name, recordOf(decision, version, at));
  if (decision.verdict === 'refused') return decision;
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
    // Whoever was ended after that, and started again, settles a second time.
    if ((await currentVersion(store, name))?.version === version) return decision;
    const was = decision.champion === null ? 'no version was in use' : `${decision.champion} was the current version`;
    const reason = `another version was promoted in the meantime: ${was} when they were compared`;
    const late: GateDecision = { ...decision, verdict: 'refused', reasons: [reason] };
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
