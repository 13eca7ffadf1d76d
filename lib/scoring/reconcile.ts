import { putConditionally } from './conditional-put.ts';
import { MessageError } from './errors.ts';
import { parseArrivals } from './events.ts';
import { failFile } from './finish.ts';
import { checkCandidateKey, fileVersion, resentKey, WORK } from './identity.ts';
import { parseShardMessage } from './messages.ts';
import { sendShards } from './plan.ts';
import type { PlanDependencies } from './ports.ts';
import { FORMAT_VERSION, readPlan, recordText } from './records.ts';

/** A message that was tried as often as its queue allows. */
export interface DeadLetter {
  readonly queue: 'arrivals' | 'shards';
  readonly body: string;
  /** What went wrong last, where it is known. */
  readonly error: string | null;
}

export type ReconcileDependencies = Omit<PlanDependencies, 'files' | 'models' | 'inOneGo'>;

/** What was done, by source; and what is wrong with dead letters that name no file. */
export interface Reconciled {
  readonly failed: readonly string[];
  readonly resent: readonly string[];
  readonly unreadable: readonly string[];
}

/**
 * Ends what no message will end: a file of which a message is dead fails, and the missing shards of a plan that is
 * older than `resendAfterMs` (more than the queue's visibility timeout) and has no outcome are sent again, once.
 */
export async function reconcile(
  dependencies: ReconcileDependencies,
  { deadLetters, resendAfterMs }: { readonly deadLetters: readonly DeadLetter[]; readonly resendAfterMs: number },
): Promise<Reconciled> {
  const reconciled = await failDeadLetters(dependencies, deadLetters);
  const resent = [...reconciled.resent];
  const plannedBefore = dependencies.now().getTime() - resendAfterMs;
  for (const source of await openSources(dependencies)) {
    const plan = await readPlan(dependencies.store, source);
    if (plan === null || new Date(plan.plannedAt).getTime() > plannedBefore) continue;
    await resendOnce(dependencies, source);
    resent.push(source);
  }
  return { ...reconciled, resent };
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
    try {
      if (letter.queue === 'shards') failed.push(...(await failShard(dependencies, letter)));
      else
        for (const [source, wasPlanned] of await failArrivals(dependencies, letter))
          (wasPlanned ? resent : failed).push(source);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      unreadable.push(error.message);
    }
  }
  return { failed, resent, unreadable };
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
    const wasPlanned = (await readPlan(dependencies.store, file.source)) !== null;
    const message = `${file.key}: planning was tried too often; ${error ?? 'no error was left behind'}`;
    if (wasPlanned) await resendOnce(dependencies, file.source);
    else await failFile(dependencies, file, { reason: 'retries_exhausted', message, details: {} });
    ended.push([file.source, wasPlanned]);
  }
  return ended;
}

// The mark comes after the messages: killed in between, they are sent twice, which changes nothing.
async function resendOnce(dependencies: ReconcileDependencies, source: string): Promise<void> {
  const key = resentKey(source);
  const plan = await readPlan(dependencies.store, source);
  if (plan === null || (await dependencies.store.head(key)) !== null) return;
  await sendShards(dependencies, plan);
  const content = recordText({ formatVersion: FORMAT_VERSION, resentAt: dependencies.now().toISOString() });
  await putConditionally(dependencies, { key, content, expected: null });
}

/** Sources with a plan, without an outcome, and not sent again before: seen in one listing, nothing is read. */
async function openSources({ store }: ReconcileDependencies): Promise<string[]> {
  const records = new Map<string, Set<string>>();
  for await (const { key } of store.list(WORK)) {
    const [source = '', name = ''] = key.slice(WORK.length).split('/');
    records.set(source, (records.get(source) ?? new Set()).add(name));
  }
  return [...records]
    .filter(([, names]) => names.has('plan.json') && !names.has('outcome.json') && !names.has('resent.json'))
    .map(([source]) => source);
}
