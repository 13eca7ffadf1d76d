/**
 * Retraining as the stack does it, on an emulator: the schedule fires, the state machine runs the training process (which
 * stands in for its container), and what the run decided shows in the bucket and in the machine's own history. The
 * emulator takes a task of any exit code for a success, so that only this way through the machine can be driven.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { currentVersion } from '../../lib/registry/current.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import type { RunResult } from '../../training/run/run.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../training/shop.ts';
import { type Emulator, startEmulator } from './emulator.ts';

const run = promisify(execFile);
const IMAGE = 'example.com/entirespace-training:1';
const DAYS = 10;
const DAY_MS = 86_400_000;
const DECIDED_WITHIN_MS = 180_000;

let folder: string;
let emulator: Emulator;
let bucket: Store;
let stateMachine: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schedule-'));
  const stand = {
    cwd: resolve('.'),
    command: [process.execPath, '--import', 'tsx', 'training/main.ts'],
    environment: { SCRATCH: folder, THREADS: '1', MEMORY_MIB: '512' },
  };
  vi.stubEnv('PYTHONPATH', resolve('test/aws/docker-stand-in'));
  vi.stubEnv('STAND_IN_IMAGES', JSON.stringify({ [IMAGE]: stand }));
  emulator = await startEmulator();
  for (const [name, value] of Object.entries(emulator.env)) vi.stubEnv(name, value);
  await cdk('bootstrap', 'aws://000000000000/us-east-1');
  await cdk('deploy', '--require-approval', 'never', '--outputs-file', join(folder, 'outputs.json'));
  const outputs = JSON.parse(await readFile(join(folder, 'outputs.json'), 'utf8')).entirespace;
  bucket = openStore(outputs.Bucket);
  stateMachine = outputs.Training;
  await bucket.put(DECLARATION_KEY, shopDeclaration());
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  await putPartitions(bucket, { seed: 1, rows: 30_000, start: new Date(today - DAYS * DAY_MS), days: DAYS });
}, 600_000);

afterAll(async () => {
  await emulator?.stop();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function cdk(...args: readonly string[]): Promise<void> {
  const context = [
    'model=shop',
    'parts=data,training',
    `image=${IMAGE}`,
    'schedule=rate(1 minute)',
    `windowDays=${DAYS}`,
  ];
  const all = [
    ...args,
    ...context.flatMap((value) => ['-c', value]),
    '--output',
    join(folder, 'cdk.out'),
    '--no-notices',
  ];
  await run('npx', ['cdk', ...all], { env: { ...process.env, TMPDIR: folder }, maxBuffer: 2 ** 26 });
}

/** Asks Step Functions, for which the product needs no client. */
async function states<T>(action: string, input: object): Promise<T> {
  const response = await fetch(emulator.endpoint, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AWSStepFunctions.${action}`,
    },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${action} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

interface Execution {
  readonly executionArn: string;
  readonly name: string;
  readonly status: string;
}

/** Executions that are over, by what they were told to tell: their status and the states that they went through. */
async function endedExecutions(): Promise<(Execution & { readonly path: readonly string[] })[]> {
  const { executions } = await states<{ executions: Execution[] }>('ListExecutions', { stateMachineArn: stateMachine });
  const ended = executions.filter(({ status }) => status !== 'RUNNING');
  return Promise.all(
    ended.map(async (execution) => {
      const { executionArn } = execution;
      const { events } = await states<{ events: { stateEnteredEventDetails?: { name: string } }[] }>(
        'GetExecutionHistory',
        {
          executionArn,
          maxResults: 1000,
        },
      );
      return {
        ...execution,
        path: events.flatMap(({ stateEnteredEventDetails: entered }) => (entered ? [entered.name] : [])),
      };
    }),
  );
}

/** The first execution that is over and went through that state. */
async function executionThrough(state: string) {
  for (const end = Date.now() + DECIDED_WITHIN_MS; ; await delay(1000)) {
    const all = await endedExecutions();
    const found = all.find(({ path }) => path.includes(state));
    if (found !== undefined) return found;
    if (Date.now() > end)
      throw new Error(`no execution through ${state}: ${JSON.stringify(all)}\n${(await emulator.log()).slice(-3000)}`);
  }
}

async function resultOf(runId: string): Promise<RunResult> {
  const { body } = await bucket.get(`_training/shop/${runId}/result.json`);
  return JSON.parse(new TextDecoder().decode(body));
}

it('fires, and ends in a promoted version that is announced', { timeout: DECIDED_WITHIN_MS + 10_000 }, async () => {
  const { name, status, path } = await executionThrough('AnnouncePromotion');
  expect(status).toBe('SUCCEEDED');
  expect(path).toEqual(['Begin', 'TrainOnSpot', 'AnnouncePromotion']);
  const { status: decided, version } = await resultOf(name);
  expect(decided).toBe('first');
  expect((await currentVersion(bucket, 'shop'))?.version).toBe(version);
});
