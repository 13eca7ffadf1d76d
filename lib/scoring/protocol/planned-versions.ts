/** The model versions that unfinished work needs: a candidate file is scored to its end by the version in its plan. */
import { PREFIXES, parseWorkKey } from '../../contract/bucket.ts';

import type { Store } from '../../store/store.ts';
import { ScoringError } from '../errors.ts';
import { isDecided, readOutcome, readPlan } from './records.ts';

/** Versions of a model that plans without an outcome name. A plan that cannot be read names none. */
export async function plannedVersions(store: Store, name: string): Promise<ReadonlySet<string>> {
  const versions = new Set<string>();
  for await (const folder of store.listFolders(PREFIXES.work)) {
    const version = await unfinishedVersion(store, parseWorkKey(folder).source, name);
    if (version !== null) versions.add(version);
  }
  return versions;
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
