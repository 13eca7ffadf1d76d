/** Runs of a stack's state machine: to start one, and to learn what it decided. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import { resultKey } from '../../lib/registry/keys.ts';
import { executionState, type StatesClient, startExecution } from '../../lib/store/aws/state-machine.ts';
import { readRecord } from '../../lib/store/records.ts';
import type { Store } from '../../lib/store/store.ts';
import { RUN_RECORD_KINDS, type RunResult } from '../../training/run/records.ts';
import { UsageError } from '../terminal/exit.ts';

export { statesClient } from '../../lib/store/aws/state-machine.ts';

export interface Retraining {
  readonly run: string;
  /** ARN of the execution. */
  readonly execution: string;
  /** URL of the object that will hold what it decided. */
  readonly result: string;
}

const LOOK_AGAIN_MS = 2_000;

/**
 * Name of the model whose declaration the bucket has.
 * @throws {UsageError} where it has none, or several.
 */
export async function declaredModel(store: Store): Promise<string> {
  const found: string[] = [];
  for await (const folder of store.listFolders(PREFIXES.declarations))
    found.push(folder.slice(PREFIXES.declarations.length, -1));
  const [model, ...others] = found;
  if (model === undefined || others.length > 0)
    throw new UsageError(
      `--model is needed: models with a declaration in ${store.url}/${PREFIXES.declarations}: found ${found.length}, expected 1`,
    );
  return model;
}

/** Starts a run that retrains the model. */
export async function startRetraining(
  client: StatesClient,
  store: Store,
  stateMachine: string,
  model: string,
): Promise<Retraining> {
  // With a name of its own, a request that is repeated starts no second one.
  const run = `by-hand-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}-${randomBytes(4).toString('hex')}`;
  const execution = await startExecution(client, stateMachine, run);
  return { run, execution, result: `${store.url}/${resultKey(model, run)}` };
}

/**
 * Waits for the end of a run and returns what it decided; `null` where the signal aborts before.
 * @throws {Error} where it ended without a decision.
 */
export async function awaitDecision(
  client: StatesClient,
  store: Store,
  { run, execution }: Retraining,
  model: string,
  signal: AbortSignal,
): Promise<RunResult | null> {
  let state = await executionState(client, execution);
  while (state.status === 'RUNNING' && !signal.aborted) {
    await setTimeout(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    state = await executionState(client, execution);
  }
  if (state.status === 'RUNNING') return null;
  const decided = await readRecord(store, RUN_RECORD_KINDS.result, { key: resultKey(model, run) });
  if (decided === null) throw new Error(`run ${run} ended without a decision: ${reasonOf(state)} (${execution})`);
  return decided.value;
}

function reasonOf({ status, failure }: { readonly status: string; readonly failure: string }): string {
  // The state machine counts this as a success: the other run goes on.
  if (status === 'SUCCEEDED') return 'another run was training the model';
  return failure === '' ? status : `${status}, ${failure}`;
}
