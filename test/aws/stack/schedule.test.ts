/**
 * Retraining and monitoring as the stack does them, on an emulator: the schedule fires, the state machine runs the training process
 * (which stands in for its container), and what the run decided shows in the bucket and in the machine's own history.
 * The emulator takes a task of any exit code for a success, so that only this way through the machine can be driven.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { currentVersion } from '../../../lib/registry/current.ts';
import { type Lease, takeLease } from '../../../lib/registry/lease.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import type { RunResult } from '../../../training/run/records.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../../training/shop.ts';
import { type Emulator, startEmulator } from '../emulator/emulator.ts';

const run = promisify(execFile);
const IMAGE = 'example.com/entirespace-training:1';
const DAYS = 10;
const DAY_MS = 86_400_000;
const DECIDED_WITHIN_MS = 180_000;

let folder: string;
let emulator: Emulator;
let bucket: Store;
let stateMachine: string;
let monitoringMachine: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schedule-'));
  const stand = {
    cwd: resolve('.'),
    entrypoint: [process.execPath],
    command: ['dist/training.js'],
    environment: { SCRATCH: folder, THREADS: '1', MEMORY_MIB: '512' },
  };
  vi.stubEnv('PYTHONPATH', resolve('test/aws/emulator/docker-stand-in'));
  vi.stubEnv('STAND_IN_IMAGES', JSON.stringify({ [IMAGE]: stand }));
  emulator = await startEmulator();
  for (const [name, value] of Object.entries(emulator.env)) vi.stubEnv(name, value);
  await cdk('bootstrap', 'aws://000000000000/us-east-1');
  await cdk('deploy', '--require-approval', 'never', '--outputs-file', join(folder, 'outputs.json'));
  const outputs = JSON.parse(await readFile(join(folder, 'outputs.json'), 'utf8')).entirespace;
  bucket = openStore(outputs.Bucket);
  stateMachine = outputs.Training;
  monitoringMachine = outputs.Monitoring;
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
    'parts=data,training,monitoring',
    `image=${IMAGE}`,
    'schedule=rate(1 minute)',
    'monitoringSchedule=rate(1 minute)',
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

/** Calls an action of Step Functions that the product itself does not use. */
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

/** Executions that have ended, with their status and the states that they went through. */
async function endedExecutions(stateMachineArn: string): Promise<(Execution & { readonly path: readonly string[] })[]> {
  const { executions } = await states<{ executions: Execution[] }>('ListExecutions', { stateMachineArn });
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

/** Waits for an execution that has ended and went through that state. */
async function executionThrough(state: string, machine = stateMachine) {
  for (const end = Date.now() + DECIDED_WITHIN_MS; ; await delay(1000)) {
    const all = await endedExecutions(machine);
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

/** Runs the command against the stack; `onOutput` receives its output so far, each time that it writes. */
async function retrain(args: readonly string[] = [], onOutput: (text: string) => unknown = () => undefined) {
  const machine = args.includes('--state-machine') ? [] : ['--state-machine', stateMachine];
  const options = ['--now', '--bucket', bucket.url, ...machine, '--endpoint', emulator.endpoint];
  const running = run(process.execPath, [resolve('dist/entirespace.js'), 'retrain', ...options, ...args]);
  let output = '';
  running.child.stdout?.on('data', (text) => {
    output += text;
    onOutput(output);
  });
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

it('fires, and ends in a promoted version that is announced', { timeout: DECIDED_WITHIN_MS + 10_000 }, async () => {
  const { name, status, path } = await executionThrough('AnnouncePromotion');
  expect(status).toBe('SUCCEEDED');
  expect(path).toEqual(['Begin', 'RunOnSpot', 'AnnouncePromotion']);
  const { status: decided, version } = await resultOf(name);
  expect(decided).toBe('first');
  expect((await currentVersion(bucket, 'shop'))?.version).toBe(version);
});

describe('by hand', () => {
  it('a run is started and waited for, and its decision is printed', { timeout: 120_000 }, async () => {
    const { version: champion } = (await currentVersion(bucket, 'shop')) ?? {};
    const { code, stdout, stderr } = await retrain(['--wait']);
    const [, execution, runId = ''] = /^started (.*:(by-hand-[\w-]+))\n/.exec(stdout) ?? [];
    const { version, reasons, champion: against } = await resultOf(runId);
    // The same rows train the same model, which is no better.
    expect({ code, stderr, against }).toEqual({ code: 7, stderr: '', against: champion });
    expect(stdout).toBe(
      `started ${execution}\nits decision will be in ${bucket.url}/_training/shop/${runId}/result.json\nshop ${version}: refused, ${reasons.join('; ')}\n`,
    );
    expect(reasons).toHaveLength(1);
  });

  describe('while another run trains the model', () => {
    let lease: Lease;

    beforeAll(async () => {
      lease = await takeLease(bucket, 'shop', { runId: 'another', lifetimeMs: 60_000 });
    });
    afterAll(() => lease?.release());

    it('it ends at once', { timeout: 60_000 }, async () => {
      const { code, stdout, stderr } = await retrain(['--wait', '--json']);
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({
        error: {
          name: 'Error',
          message: expect.stringMatching(
            /^run by-hand-[\w-]+ ended without a decision: another run was training the model \(arn:aws:states:.*\)$/,
          ),
        },
      });
    });

    it('the cause of a failed run is printed', { timeout: 60_000 }, async () => {
      const stop = (text: string) => {
        const executionArn = /^started (.*)\n/.exec(text)?.[1];
        return states('StopExecution', { executionArn, error: 'Stopped', cause: 'it is too late' });
      };
      const { code, stderr } = await retrain(['--wait'], stop);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^entirespace: run by-hand-[\w-]+ ended without a decision: ABORTED, Stopped: it is too late \(arn:.*\)\n$/,
      );
    });
  });

  it('it is refused where the bucket has no declaration, or no such state machine is there', async () => {
    const other = await retrain(['--state-machine', `${stateMachine}-2`]);
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toMatch(/^entirespace: cannot start arn:aws:states:[^ ]*-2: StateMachineDoesNotExist: .*\n$/);
    await bucket.delete(DECLARATION_KEY);
    expect(await retrain()).toEqual({
      code: 2,
      stdout: '',
      stderr: `entirespace: --model is needed: models with a declaration in ${bucket.url}/training/: found 0, expected 1\n`,
    });
  });
});

it('looks by a schedule of its own at what was scored', { timeout: DECIDED_WITHIN_MS }, async () => {
  expect((await executionThrough('Monitored', monitoringMachine)).path).toEqual(['Begin', 'RunOnSpot', 'Monitored']);
  // A look before a version was current had found nothing.
  const read = () => bucket.get('monitoring/shop/index.json').catch(() => null);
  const numbers = await vi.waitUntil(read, { timeout: 90_000, interval: 500 });
  const { model, verdict } = JSON.parse(new TextDecoder().decode(numbers?.body));
  expect({ model, level: verdict.level }).toEqual({ model: 'shop', level: expect.stringMatching(/^(ok|watch|act)$/) });
});
