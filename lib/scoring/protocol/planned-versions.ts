/** The model versions that unfinished work needs: a candidate file is scored to its end by the version in its plan. */
import { PREFIXES, parseWorkKey, WORK_RECORDS } from '../../contract/bucket.ts';
import type { Store } from '../../store/store.ts';
import { ScoringError } from '../errors.ts';
import { isDecided, readOutcome, readPlan } from './records.ts';

/** Versions of a model that plans without an outcome name. A plan that cannot be read names none. */
export async function plannedVersions(store: Store, name: string): Promise<ReadonlySet<string>> {
  const versions = new Set<string>();
  for (const source of await sourcesToRead(store)) {
    const version = await unfinishedVersion(store, source, name);
    if (version !== null) versions.add(version);
  }
  return versions;
}

/** Sources with a plan that may be open, from one listing: those without an outcome, and the few that were reopened. */
async function sourcesToRead(store: Store): Promise<ReadonlySet<string>> {
  const decided = new Set<string>();
  const open = new Set<string>();
  for await (const { key } of store.list(PREFIXES.work)) {
    const { source, name } = parseWorkKey(key);
    // Keys are listed in order, so a file's outcome comes before its plan.
    if (name === WORK_RECORDS.outcome) decided.add(source);
    if (name === WORK_RECORDS.reopened || (name === WORK_RECORDS.plan && !decided.has(source))) open.add(source);
  }
  return open;
}

async function unfinishedVersion(store: Store, source: string, name: string): Promise<string | null> {
  try {
    const plan = await readPlan(store, source);
    if (plan === null || plan.model.name !== name) return null;
    return isDecided((await readOutcome(store, source))?.value) ? null : plan.model.version;
  } catch (error) {
    if (error instanceof ScoringError) return null;
    throw error;
  }
}
