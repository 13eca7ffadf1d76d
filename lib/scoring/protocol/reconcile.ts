import { PREFIXES, parseWorkKey, resentKey, resentRecord, WORK_RECORDS } from '../../contract/bucket.ts';
import type { ScoringQueue } from '../../contract/limits.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { recordText } from '../../store/records.ts';
import { MessageError, ScoringError } from '../errors.ts';
import { parseArrivals } from './events.ts';
import { failFile } from './finish.ts';
import { checkCandidateKey, fileVersion } from './keys.ts';
import { parseShardMessage } from './messages.ts';
import { sendShards } from './plan.ts';
import type { PlanDependencies } from './ports.ts';
import { FORMAT_VERSION, isDecided, type Outcome, type Plan, readOutcome, readPlan } from './records.ts';

/** A message that was tried as often as its queue allows. */
export interface DeadLetter {
  readonly queue: ScoringQueue;
  readonly body: string;
  /** What went wrong last, where it is known. */
  readonly error: string | null;
}

export type ReconcileDependencies = Omit<PlanDependencies, 'files' | 'models' | 'inOneGo'>;

/** Sources that were failed or sent again; and what is wrong with dead letters and records that cannot be read. */
export interface Reconciled {
  readonly failed: readonly string[];
  readonly resent: readonly string[];
  readonly unreadable: readonly string[];
}

/**
 * Ends what no message will end: a file of which a message is dead fails, and the missing shards of a plan that has
 * been open for `resendAfterMs` (more than the queue's visibility timeout) are sent again, once for each time that a
 * person reopened the file and once before.
 */
export async function reconcile(
  dependencies: ReconcileDependencies,
  { deadLetters, resendAfterMs }: { readonly deadLetters: readonly DeadLetter[]; readonly resendAfterMs: number },
): Promise<Reconciled> {
  const reconciled = await failDeadLetters(dependencies, deadLetters);
  const resent = [...reconciled.resent];
  const openBefore = dependencies.now().getTime() - resendAfterMs;
  const unreadable = [...reconciled.unreadable];
  for (const source of await sourcesToLookAt(dependencies)) {
    await orUnreadable(unreadable, async () => {
      const planned = await plannedFile(dependencies, source);
      const since = planned && openSince(planned);
      if (planned === null || since === null || since.getTime() > openBefore) return;
      if (await resendOnce(dependencies, planned)) resent.push(source);
    });
  }
  return { ...reconciled, resent, unreadable };
}

/**
 * Fails the files of dead letters: a process that dies leaves nothing else. A file that has ended stays as it is, and
 * what was left undone of its publication is done. A dead arrival of a planned file only has its shards sent again.
 */
export async function failDeadLetters(
  dependencies: ReconcileDependencies,
  deadLetters: readonly DeadLetter[],
): Promise<Reconciled> {
  const failed: string[] = [];
  const resent: string[] = [];
  const unreadable: string[] = [];
  for (const letter of deadLetters) {
    await orUnreadable(unreadable, async () => {
      if (letter.queue === 'shards') failed.push(...(await failShard(dependencies, letter)));
      else
        for (const [source, wasPlanned] of await failArrivals(dependencies, letter))
          (wasPlanned ? resent : failed).push(source);
    });
  }
  return { failed, resent, unreadable };
}

/** A message or record that cannot be read, such as a record of another release, must not keep the others waiting. */
async function orUnreadable(unreadable: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MessageError || error instanceof ScoringError)) throw error;
    unreadable.push(error.message);
  }
}

async function failShard(dependencies: ReconcileDependencies, { body, error }: DeadLetter): Promise<string[]> {
  const { source, shard } = parseShardMessage(body);
  const plan = await readPlan(dependencies.store, source);
  if (plan === null) return [];
  const message = `${plan.file.key}: shard ${shard} was tried too often; ${error ?? 'no error was left behind'}`;
  await failFile(dependencies, plan.file, { reason: 'retries_exhausted', message, details: { shard } });
  return [source];
}

async function failArrivals(
  dependencies: ReconcileDependencies,
  { body, error }: DeadLetter,
): Promise<(readonly [source: string, wasPlanned: boolean])[]> {
  const ended: (readonly [string, boolean])[] = [];
  for (const arrival of parseArrivals(body)) {
    if (checkCandidateKey(arrival.key).kind !== 'candidate') continue;
    const file = fileVersion(arrival);
    const planned = await plannedFile(dependencies, file.source);
    const message = `${file.key}: planning was tried too often; ${error ?? 'no error was left behind'}`;
    if (planned !== null) await resendOnce(dependencies, planned);
    else await failFile(dependencies, file, { reason: 'retries_exhausted', message, details: {} });
    ended.push([file.source, planned !== null]);
  }
  return ended;
}

interface PlannedFile {
  readonly plan: Plan;
  readonly outcome: Outcome | undefined;
}

/** Reads a file version's plan and outcome; `null` if it was never planned. */
async function plannedFile({ store }: ReconcileDependencies, source: string): Promise<PlannedFile | null> {
  const plan = await readPlan(store, source);
  return plan && { plan, outcome: (await readOutcome(store, source))?.value };
}

/** Returns the time since which a file has been waiting for its shards; `null` if it has been decided. */
function openSince({ plan, outcome }: PlannedFile): Date | null {
  if (isDecided(outcome)) return null;
  return new Date(outcome?.reopenedAt ?? plan.plannedAt);
}

/**
 * Sends the missing shards, or finishes a file that lacks none. Does it once, and returns false if it was done before.
 */
async function resendOnce(dependencies: ReconcileDependencies, { plan, outcome }: PlannedFile): Promise<boolean> {
  const key = resentKey(plan.file.source, outcome?.reopened ?? 0);
  if ((await dependencies.store.head(key)) !== null) return false;
  await sendShards(dependencies, plan);
  // The mark comes after the messages: killed in between, they are sent twice, which changes nothing.
  const content = recordText({ formatVersion: FORMAT_VERSION, resentAt: dependencies.now().toISOString() });
  await putConditionally(dependencies, { key, content, expected: null });
  return true;
}

/**
 * Sources with a plan that may be open, from one listing: those without an outcome that were not sent again before, and
 * the few that a person has reopened, whose outcome must be read to know.
 */
async function sourcesToLookAt({ store }: ReconcileDependencies): Promise<string[]> {
  const records = new Map<string, Set<string>>();
  for await (const { key } of store.list(PREFIXES.work)) {
    const { source, name } = parseWorkKey(key);
    records.set(source, (records.get(source) ?? new Set()).add(name));
  }
  const { plan, outcome, reopened } = WORK_RECORDS;
  const isUntouched = (names: Set<string>) => !names.has(outcome) && !names.has(resentRecord(0));
  return [...records]
    .filter(([, names]) => names.has(plan) && (names.has(reopened) || isUntouched(names)))
    .map(([source]) => source);
}
