/** The stack as it is deployed: the functions' asset, run by the emulator over its bucket and queues. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { openQueue } from '../../../lib/queue/open-queue.ts';
import type { Failure, ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import { ObjectNotFoundError, type Store } from '../../../lib/store/store.ts';
import { collectEvents, type EventCollector } from '../emulator/events.ts';
import { candidatesCsv, DECLARATION, logCsv } from '../site/small-model.ts';

interface Outputs {
  readonly Bucket: string;
  readonly ArrivalsDeadLetters: string;
  readonly ShardsDeadLetters: string;
}

const run = promisify(execFile);
const COMMAND = resolve('dist/entirespace.js');
const SCORED_WITHIN_MS = 120_000;

let folder: string;
let outputs: Outputs;
let bucket: Store;
let done: EventCollector;
let failures: EventCollector;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deploy-'));
  vi.stubEnv('AWS_ENDPOINT_URL', inject('endpoint'));
  await writeFile(join(folder, 'log.csv'), logCsv(3_000));
  await command(process.execPath, [COMMAND, 'build-lambda']);
  await cdk('bootstrap', 'aws://000000000000/us-east-1');
  await cdk('deploy', '--require-approval', 'never', '--outputs-file', join(folder, 'outputs.json'));
  outputs = JSON.parse(await readFile(join(folder, 'outputs.json'), 'utf8')).entirespace;
  bucket = openStore(outputs.Bucket);
  done = await collectEvents(inject('endpoint'), { model: ['small'] });
  failures = await collectEvents(inject('endpoint'), { key: ['candidates/broken.parquet', 'candidates/today.txt'] });
}, 600_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

// The temporary files of the commands are removed with the test's folder.
async function command(file: string, args: readonly string[]): Promise<void> {
  await run(file, args, { env: { ...process.env, TMPDIR: folder }, maxBuffer: 2 ** 26 });
}

// The emulator does not support alarms over expressions, so the alarms part is left out.
function cdk(...args: readonly string[]): Promise<void> {
  const context = ['-c', 'model=small', '-c', 'parts=data,scoring'];
  return command('npx', ['cdk', ...args, ...context, '--output', join(folder, 'cdk.out'), '--no-notices']);
}

/** Trains and publishes a version, makes it current without the gate, and returns its id. */
async function train(epochs: number): Promise<string> {
  const declaration = join(folder, 'entirespace.yaml');
  await writeFile(declaration, `${DECLARATION}\ntraining: { epochs: ${epochs} }\n`);
  const paths = ['--declaration', declaration, '--data', join(folder, 'log.csv'), '--bucket', bucket.url];
  const { stdout } = await run(process.execPath, [COMMAND, 'train', ...paths, '--no-promote', '--json']);
  const { version } = JSON.parse(stdout) as { version: string };
  const force = ['--force', '--reason', 'the test needs it'];
  await command(process.execPath, [COMMAND, 'models', 'promote', version, '--bucket', bucket.url, ...force]);
  return version;
}

async function json<T>(store: Store, key: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode((await store.get(key)).body)) as T;
}

/** Waits for a record, and returns it. */
async function arrival<T>(key: string): Promise<T> {
  for (const end = Date.now() + SCORED_WITHIN_MS; ; await delay(250)) {
    try {
      return await json<T>(bucket, key);
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError) || Date.now() > end) throw error;
    }
  }
}

/** Invokes a function of the stack, and returns its response. */
async function invoke(name: string): Promise<unknown> {
  const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/lambda/aws4_request' };
  const functions = `${inject('endpoint')}/2015-03-31/functions`;
  const { Functions } = (await (await fetch(`${functions}/`, { headers })).json()) as {
    Functions: { FunctionName: string }[];
  };
  const found = Functions.find(({ FunctionName }) => FunctionName.includes(name))?.FunctionName;
  return (await fetch(`${functions}/${found}/invocations`, { method: 'POST', headers, body: '{}' })).json();
}

/** Runs `entirespace doctor`; its exit code and output. */
async function doctor(...args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const found = await run(process.execPath, [COMMAND, 'doctor', '--bucket', outputs.Bucket, ...args], {
    env: { ...process.env, TMPDIR: folder },
  }).catch((error: { readonly code: number; readonly stdout: string }) => error);
  return { code: 'code' in found ? found.code : 0, stdout: found.stdout };
}

/** The same file scored by the command, in a folder with the same models. */
async function scoreLocally(name: string): Promise<ScoresManifest> {
  const local = openStore(join(folder, 'bucket'));
  for await (const { key } of bucket.list('models/')) await local.put(key, (await bucket.get(key)).body);
  const file = join(folder, name);
  await writeFile(file, (await bucket.get(`candidates/${name}`)).body);
  await command(process.execPath, [COMMAND, 'score', file, '--bucket', join(folder, 'bucket'), '--threads', '2']);
  return json<ScoresManifest>(local, `scores/${name}/_manifest.json`);
}

describe('a deployed stack', { timeout: 300_000 }, () => {
  it('scores a candidate file, to the same bytes as the command does here', async () => {
    const version = await train(1);
    await bucket.put('candidates/today.csv', candidatesCsv(1_000));
    const manifest = await arrival<ScoresManifest>('scores/today.csv/_manifest.json');
    expect(manifest).toMatchObject({ model: { name: 'small', version }, rowsIn: 1_000, scored: 999, rejected: 1 });
    // The event that the function sends once the scores are there.
    const [event] = await done.received(1);
    expect(event).toMatchObject({
      source: 'entirespace',
      'detail-type': 'scores.done',
      detail: { key: 'candidates/today.csv', version, rowsIn: 1_000, scored: 999, rejected: 1 },
    });
    expect(event?.detail).toMatchObject({ seconds: expect.any(Number), usd: expect.any(Number) });
    const local = await scoreLocally('today.csv');
    expect(manifest.parts.map(({ sha256 }) => sha256)).toEqual(local.parts.map(({ sha256 }) => sha256));
  });

  it('goes over to a version that is promoted', async () => {
    const version = await train(2);
    await bucket.put('candidates/tomorrow.csv', candidatesCsv(500));
    const manifest = await arrival<ScoresManifest>('scores/tomorrow.csv/_manifest.json');
    expect(manifest).toMatchObject({ model: { version }, rowsIn: 500, scored: 499 });
  });

  it('fails a file that is not what its name says, with the reason', async () => {
    await bucket.put('candidates/broken.parquet', 'no Parquet');
    const failure = await arrival<Failure>('scores/broken.parquet/_FAILED.json');
    expect(failure.message).toBe('candidates/broken.parquet is not Parquet: it begins with "no P", expected "PAR1"');
  });

  it('refuses a key that cannot have scores', async () => {
    await bucket.put('candidates/today.txt', 'text');
    const failed: string[] = [];
    for (const end = Date.now() + SCORED_WITHIN_MS; failed.length === 0 && Date.now() < end; await delay(250))
      for await (const { key } of bucket.list('failed/')) failed.push(key);
    expect(failed).toHaveLength(1);
    const events = await failures.received(2);
    const told = events.map(({ 'detail-type': type, detail: { key, reason } }) => [type, key, reason]);
    expect(told.toSorted()).toEqual([
      ['scores.failed', 'candidates/broken.parquet', 'wrong_format'],
      ['scores.failed', 'candidates/today.txt', 'key_extension'],
    ]);
  });

  it('is found well by the doctor, who leaves nothing behind', async () => {
    const { code, stdout } = await doctor();
    expect(stdout.replaceAll(/\d{8}-\d{6}-[0-9a-f]{8}/g, 'VERSION').replaceAll(/\d+\.\d s/g, 'N s')).toMatch(
      /^ok {4}bucket: keeps versions\nok {4}bucket: encrypted with AES256\nok {4}bucket: closed to the public\nok {4}arrivals: .*, dead letters after 5 receives\nok {4}arrivals dead letters: none\nok {4}shards: .*, dead letters after 5 receives\nok {4}shards dead letters: none\nok {4}model: small VERSION is current, and every file of it has the digest in its manifest\nok {4}canary: one row scored in N s by small VERSION\n$/,
    );
    expect(code).toBe(0);
    for (const prefix of ['candidates/entirespace-doctor/', 'scores/entirespace-doctor/'])
      for await (const { key } of bucket.list(prefix)) expect(key).toBe('gone');
  });

  it('reconciles, and keeps dead letters for a person', async () => {
    await openQueue(outputs.ShardsDeadLetters).send(['no message']);
    expect(await invoke('Reconcile')).toEqual({ failed: [], resent: [], unreadable: ['shard message is not JSON'] });
  });

  it('is found ill by the doctor where letters are dead and no model is current', async () => {
    await openQueue(outputs.ArrivalsDeadLetters).send(['no message']);
    await bucket.put('models/small/current.json', '{}');
    const { code, stdout } = await doctor('--wait', '1');
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL {2}model: current\.json of small is not valid: /);
    expect(stdout).toMatch(
      /FAIL {2}arrivals dead letters: 1 in .*, expected none: look at the function's log, mend the cause, then entirespace redrive\n/,
    );
  });
});
