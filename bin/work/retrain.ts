/** Starts a run of a stack's state machine, and may wait for what comes of it. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { resultKey } from '../../lib/registry/keys.ts';
import { getIfPresent } from '../../lib/scoring/protocol/records.ts';
import { executionState, type StatesClient, startExecution, statesClient } from '../../lib/store/aws/state-machine.ts';
import type { Store } from '../../lib/store/store.ts';
import type { RunResult } from '../../training/run/run.ts';
import { bucketFolder, type EndpointOptions, openBucket } from '../bucket.ts';
import { EXIT_CODES, type ExitCode, UsageError } from '../exit.ts';

export interface RetrainOptions extends EndpointOptions {
  readonly bucket: string;
  readonly stateMachine: string;
  readonly model?: string;
  readonly wait: boolean;
  readonly json: boolean;
}

interface Run {
  readonly run: string;
  readonly execution: string;
  /** URL of what it will have decided. */
  readonly result: string;
}

const DECLARATIONS = 'training/';
const LOOK_AGAIN_MS = 2_000;

/** Starts a run and prints where it is; where it is waited for, what was decided as well. */
export async function retrain(options: RetrainOptions, signal: AbortSignal): Promise<ExitCode> {
  const { bucket, stateMachine, json, wait } = options;
  const store = await openBucket(bucket, 'read', options);
  if (bucketFolder(store) !== null)
    throw new UsageError(`retrain starts a deployed stack's run: expected s3://bucket as --bucket, got ${bucket}`);
  const model = options.model ?? (await declaredModel(store));
  const client = statesClient(stateMachine, options);
  try {
    // With a name of its own, a request that is repeated starts no second one.
    const run = `by-hand-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}-${randomBytes(4).toString('hex')}`;
    const execution = await startExecution(client, stateMachine, run);
    const started: Run = { run, execution, result: `${store.url}/${resultKey(model, run)}` };
    if (!json) process.stdout.write(`started ${execution}\nits decision will be in ${started.result}\n`);
    else if (!wait) process.stdout.write(`${JSON.stringify(started)}\n`);
    if (!wait) return EXIT_CODES.success;
    return await report(client, store, { ...started, model, json }, signal);
  } finally {
    client.destroy();
  }
}

/** The model whose declaration the bucket has. */
async function declaredModel(store: Store): Promise<string> {
  const found: string[] = [];
  for await (const folder of store.listFolders(DECLARATIONS)) found.push(folder.slice(DECLARATIONS.length, -1));
  const [model, ...others] = found;
  if (model === undefined || others.length > 0)
    throw new UsageError(
      `--model is needed: models with a declaration in ${store.url}/${DECLARATIONS}: found ${found.length}, expected 1`,
    );
  return model;
}

async function report(
  client: StatesClient,
  store: Store,
  { run, execution, result, model, json }: Run & { readonly model: string; readonly json: boolean },
  signal: AbortSignal,
): Promise<ExitCode> {
  let state = await executionState(client, execution);
  while (state.status === 'RUNNING' && !signal.aborted) {
    await setTimeout(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    state = await executionState(client, execution);
  }
  if (state.status === 'RUNNING') {
    process.stderr.write(`entirespace: run ${run} goes on by itself\n`);
    return EXIT_CODES.interrupted;
  }
  const body = (await getIfPresent(store, resultKey(model, run)))?.body;
  if (body === undefined) throw new Error(`run ${run} ended without a decision: ${reasonOf(state)} (${execution})`);
  const decision = JSON.parse(new TextDecoder().decode(body)) as RunResult;
  const { status, version, reasons } = decision;
  process.stdout.write(
    json
      ? `${JSON.stringify({ run, execution, result, decision })}\n`
      : `${model} ${version}: ${status}, ${reasons.join('; ')}\n`,
  );
  return status === 'refused' ? EXIT_CODES['refused by the gate'] : EXIT_CODES.success;
}

function reasonOf({ status, failure }: { readonly status: string; readonly failure: string }): string {
  // So the state machine takes it: the other run goes on.
  if (status === 'SUCCEEDED') return 'another run was training the model';
  return failure === '' ? status : `${status}, ${failure}`;
}
