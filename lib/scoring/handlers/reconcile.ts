import { PREFIXES, parseWorkKey, WORK_RECORDS } from '../../contract/bucket.ts';
import type { Inbox } from '../../queue/sqs-inbox.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../protocol/ports.ts';
import { type DeadLetter, type ReconcileDependencies, type Reconciled, reconcile } from '../protocol/reconcile.ts';

export interface ReconcileHandlerDependencies extends ReconcileDependencies {
  /** The queues of dead letters. */
  readonly dead: Readonly<Record<DeadLetter['queue'], Pick<Inbox, 'read'>>>;
  /** Age of a plan from which its missing shards are sent again. */
  readonly resendAfterMs: number;
  readonly log: Pick<Logger, 'info'>;
  /** Called with the number of files that have a plan and no outcome. */
  readonly onOpenFiles: (files: number) => void;
}

/** Ends, on a schedule, what no message will end. Dead letters stay in their queues until a person redrives them. */
export function reconcileHandler(dependencies: ReconcileHandlerDependencies): () => Promise<Reconciled> {
  const { dead, resendAfterMs, log, store, onOpenFiles } = dependencies;
  return async () => {
    const deadLetters: DeadLetter[] = [];
    for (const queue of ['arrivals', 'shards'] as const)
      for (const { body } of await dead[queue].read()) deadLetters.push({ queue, body, error: null });
    const reconciled = await reconcile(dependencies, { deadLetters, resendAfterMs });
    onOpenFiles(await countOpenFiles(store));
    log.info('reconciled', { deadLetters: deadLetters.length, ...reconciled });
    return reconciled;
  };
}

async function countOpenFiles(store: Store): Promise<number> {
  const open = new Set<string>();
  // Keys are listed in order, so a file's outcome comes before its plan.
  const ended = new Set<string>();
  for await (const { key } of store.list(PREFIXES.work)) {
    const { source, name } = parseWorkKey(key);
    if (name === WORK_RECORDS.outcome) ended.add(source);
    if (name === WORK_RECORDS.plan && !ended.has(source)) open.add(source);
  }
  return open.size;
}
