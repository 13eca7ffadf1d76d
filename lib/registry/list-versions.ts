/** The versions of a model with what tells them from each other: when they were made, what was decided, how good they are. */
import * as z from 'zod';
import { InvalidRecordError } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { mapAhead } from '../workers/map-ahead.ts';
import { type Decision, listDecisions } from './decisions.ts';
import { VersionNotFoundError } from './errors.ts';
import { listVersions, readManifest } from './versions.ts';

/** Manifests that are read at the same time. */
const READ_AT_ONCE = 16;

/** How good an output is on the version's own test rows; `null` where they do not define it. */
export interface ListedMetrics {
  readonly output: string;
  readonly auc: number | null;
  readonly logLoss: number | null;
}

/** A published version. */
export interface ListedVersion {
  readonly version: string;
  readonly createdAt: string | null;
  /** What the gate decided on it last; `null` where it was not asked. */
  readonly verdict: Decision['verdict'] | null;
  /** Whether a person promoted it although the gate had refused it. */
  readonly forced: boolean;
  readonly metrics: readonly ListedMetrics[];
  /** Why it cannot be told when it was made and how good it is; `null` where it can. */
  readonly problem: string | null;
}

/** Published versions of a model with what is known of them, oldest first. A damaged manifest is a problem, no error. */
export async function listVersionsWithMetrics(store: Store, name: string): Promise<readonly ListedVersion[]> {
  const decisions = await listDecisions(store, name);
  const listed: ListedVersion[] = [];
  const versions = toAsync(await listVersions(store, name));
  for await (const { version, ...facts } of mapAhead(versions, READ_AT_ONCE, (one) => readFacts(store, name, one)))
    listed.push({ version, ...facts, ...decidedOn(version, decisions) });
  return listed;
}

async function* toAsync<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const metricsSchema = z.record(
  z.string(),
  z.object({ output: z.string(), auc: z.number().nullable(), log_loss: z.number().nullable() }),
);

async function readFacts(
  store: Store,
  name: string,
  version: string,
): Promise<Omit<ListedVersion, 'verdict' | 'forced'>> {
  try {
    const { createdAt, metrics } = await readManifest(store, name, version);
    // A version that was made by hand may have no metrics.
    const tasks = metricsSchema.safeParse(metrics.tasks).data ?? {};
    const figures = Object.values(tasks).map(({ output, auc, log_loss: logLoss }) => ({ output, auc, logLoss }));
    return { version, createdAt, metrics: figures, problem: null };
  } catch (error) {
    if (!(error instanceof InvalidRecordError || error instanceof VersionNotFoundError)) throw error;
    return { version, createdAt: null, metrics: [], problem: error.message };
  }
}

function decidedOn(version: string, decisions: readonly Decision[]): Pick<ListedVersion, 'verdict' | 'forced'> {
  const own = decisions.filter((decision) => decision.version === version);
  return {
    verdict: own.findLast(({ by }) => by === 'gate')?.verdict ?? null,
    forced: own.some(({ forced }) => forced),
  };
}
