/** The history of a model: why each version is, or is not, the current one. Decisions are added and never changed. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { putConditionally } from '../store/conditional-put.ts';
import { readRecord, recordText } from '../store/records.ts';
import { ObjectNotFoundError, type Store } from '../store/store.ts';
import { mapAhead } from '../workers/map-ahead.ts';
import { decisionKey, decisionsPrefix, decisionTime } from './keys.ts';

const DECISION_FORMAT = 1;

/** Records that are read at the same time. */
const READ_AT_ONCE = 16;

const schema = z
  .object({
    formatVersion: z.literal(DECISION_FORMAT),
    version: z.string(),
    decidedAt: z.iso.datetime(),
    /** `gate`: after training, by the metrics; `hand`: a person's promotion; `rollback`: back to the one before. */
    by: z.enum(['gate', 'hand', 'rollback']),
    /**
     * `first`: promoted where no version was in use. `held`: good enough, but the current version was pinned. `pinned`
     * and `unpinned`: what a person did with the current version.
     */
    verdict: z.enum(['first', 'promoted', 'refused', 'held', 'pinned', 'unpinned']),
    /** Whether a person promoted what the gate had refused. */
    forced: z.boolean(),
    /** Version that was in use when the decision was made. */
    champion: z.string().nullable(),
    reasons: z.array(z.string()).readonly(),
    /** Every number that the gate looked at; `null` for the decisions of people. */
    figures: z.record(z.string(), z.json()).readonly().nullable(),
  })
  .readonly();

const DECISION = { formatVersion: DECISION_FORMAT, schema };

/** A decision on a version. */
export type Decision = Omit<Readonly<z.infer<typeof schema>>, 'formatVersion'>;

/**
 * Adds a decision to the history after all others, whatever time it has: the clock of a bucket on S3 has whole seconds,
 * and clocks of machines differ. Nothing is added if it is there: a run that was started again may record it twice.
 */
export async function recordDecision(store: Store, name: string, decision: Decision): Promise<void> {
  const content = recordText({ formatVersion: DECISION_FORMAT, ...decision });
  const decidedAt = Date.parse(decision.decidedAt);
  for (;;) {
    let at = decidedAt;
    for await (const { key } of store.list(decisionsPrefix(name))) {
      const time = decisionTime(name, key);
      if (time === null || time < decidedAt) continue;
      if (isOn(key, decision.version) && new TextDecoder().decode((await store.get(key)).body) === content) return;
      at = time + 1;
    }
    const key = decisionKey(name, decision.version, new Date(at));
    // A write fails only where another decision on the version took the key: that one is listed next.
    if (await putConditionally({ store, newWriterId: randomUUID }, { key, content, expected: null })) return;
  }
}

/**
 * The decisions on a model, in the order in which they were recorded.
 * @throws {InvalidRecordError}
 */
export async function listDecisions(store: Store, name: string): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  const listed = store.list(decisionsPrefix(name));
  for await (const decision of mapAhead(listed, READ_AT_ONCE, ({ key }) => readDecision(store, name, key)))
    decisions.push(decision);
  return decisions;
}

/**
 * The decisions on a model, the latest first, each read when it is asked for.
 * @throws {InvalidRecordError}
 */
export async function* latestDecisions(store: Store, name: string): AsyncGenerator<Decision> {
  const keys: string[] = [];
  for await (const { key } of store.list(decisionsPrefix(name))) keys.push(key);
  for (const key of keys.reverse()) yield await readDecision(store, name, key);
}

/**
 * The gate's latest decision on a version; `null` where it was never asked.
 * @throws {InvalidRecordError}
 */
export async function lastGateDecision(store: Store, name: string, version: string): Promise<Decision | null> {
  let latest: Decision | null = null;
  for await (const { key } of store.list(decisionsPrefix(name))) {
    if (!isOn(key, version)) continue;
    const decision = await readDecision(store, name, key);
    if (decision.by === 'gate') latest = decision;
  }
  return latest;
}

/**
 * The last version that was held while that one was current and pinned; `null` for none.
 * @throws {InvalidRecordError}
 */
export async function lastHeld(store: Store, name: string, champion: string): Promise<string | null> {
  const decisions = await listDecisions(store, name);
  const held = decisions.filter((decision) => decision.verdict === 'held' && decision.champion === champion);
  return held.at(-1)?.version ?? null;
}

/** Whether a decision is on that version, by its key. */
function isOn(key: string, version: string): boolean {
  return key.endsWith(`-${version}.json`);
}

async function readDecision(store: Store, name: string, key: string): Promise<Decision> {
  const what = `decision ${key.slice(decisionsPrefix(name).length)} of ${name}`;
  const stored = await readRecord(store, DECISION, { key, what });
  if (stored === null) throw new ObjectNotFoundError(key, store.url);
  const { formatVersion: _, ...decision } = stored.value;
  return decision;
}
