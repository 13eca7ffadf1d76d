/** Why each version is, or is not, the current one: decisions are added and never changed. */
import { z } from 'zod';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import { decisionKey, decisionsPrefix } from './keys.ts';
import { parseRecord } from './record.ts';

const DECISION_FORMAT = 1;

const decisionSchema = z
  .object({
    formatVersion: z.literal(DECISION_FORMAT),
    version: z.string(),
    decidedAt: z.iso.datetime(),
    /** `gate`: after training, by the metrics; `hand`: somebody's promotion; `rollback`: back to the one before. */
    by: z.enum(['gate', 'hand', 'rollback']),
    /** `first`: promoted where no version was in use. */
    verdict: z.enum(['first', 'promoted', 'refused']),
    /** Whether somebody promoted what the gate had refused. */
    forced: z.boolean(),
    /** Version that was in use when the decision was made. */
    champion: z.string().nullable(),
    reasons: z.array(z.string()).readonly(),
    /** Every number that the gate looked at; `null` for the decisions of people. */
    figures: z.record(z.string(), z.json()).readonly().nullable(),
  })
  .readonly();

/** A decision on a version. */
export type Decision = Omit<Readonly<z.infer<typeof decisionSchema>>, 'formatVersion'>;

/** Adds a decision to the history. */
export async function recordDecision(store: Store, name: string, decision: Decision): Promise<void> {
  const content = `${JSON.stringify({ formatVersion: DECISION_FORMAT, ...decision }, null, 2)}\n`;
  for (let at = new Date(decision.decidedAt); ; at = new Date(at.getTime() + 1)) {
    const key = decisionKey(name, decision.version, at);
    try {
      await store.put(key, content, { ifAbsent: true });
      return;
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
      // Either the answer to this very write was lost, or somebody decided in the same millisecond.
      if (new TextDecoder().decode((await store.get(key)).body) === content) return;
    }
  }
}

/**
 * The decisions on a model, oldest first.
 * @throws {InvalidRecordError}
 */
export async function listDecisions(store: Store, name: string): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  for await (const { key } of store.list(decisionsPrefix(name))) decisions.push(await readDecision(store, name, key));
  return decisions;
}

/**
 * The gate's latest decision on a version; `null` where it was never asked.
 * @throws {InvalidRecordError}
 */
export async function lastGateDecision(store: Store, name: string, version: string): Promise<Decision | null> {
  let latest: Decision | null = null;
  for await (const { key } of store.list(decisionsPrefix(name))) {
    if (!key.endsWith(`-${version}.json`)) continue;
    const decision = await readDecision(store, name, key);
    if (decision.by === 'gate') latest = decision;
  }
  return latest;
}

async function readDecision(store: Store, name: string, key: string): Promise<Decision> {
  const text = new TextDecoder().decode((await store.get(key)).body);
  const file = key.slice(decisionsPrefix(name).length);
  const { formatVersion: _, ...decision } = parseRecord(decisionSchema, text, `decision ${file} of ${name}`, store.url);
  return decision;
}
