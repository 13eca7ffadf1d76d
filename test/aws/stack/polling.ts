/** The command that polls, as a process, over the data part of the stack, which is really deployed on an emulator. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQueue } from '../../../lib/queue/open-queue.ts';
import { arrivalBody, sequencerAt } from '../../../lib/scoring/protocol/events.ts';
import type { Failure, ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import { ObjectNotFoundError, type Store } from '../../../lib/store/store.ts';
import { type Emulator, type EmulatorName, startEmulator } from '../emulator/emulator.ts';
import { collectEvents, type EventCollector } from '../emulator/events.ts';
import { candidatesCsv, DECLARATION, logCsv } from '../site/small-model.ts';

type Output = 'Bucket' | 'ArrivalsQueue' | 'ArrivalsDeadLetters' | 'ShardsQueue' | 'ShardsDeadLetters';

/** A line of the command's log. */
interface Entry {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly files?: readonly { readonly key: string; readonly status: string }[];
  readonly error?: string;
  readonly unreadable?: readonly string[];
}

const run = promisify(execFile);
const COMMAND = resolve('dist/entirespace.js');
const WITHIN_MS = 120_000;
// That of lib/stack/bucket-and-queues.ts.
const MAX_RECEIVES = 5;

/**
 * Specifies `entirespace local --poll` on this emulator.
 * @param eventBus Whether the events of ended files are looked at, too.
 */
export function describePolling(name: EmulatorName, { eventBus }: { readonly eventBus: boolean }): void {
  let folder: string;
  let emulator: Emulator;
  let outputs: Readonly<Record<Output, string>>;
  let bucket: Store;
  let polling: Polling;
  let events: EventCollector | null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'polling-'));
    emulator = await startEmulator(name);
    await writeFile(join(folder, 'log.csv'), logCsv(3_000));
    await cdk('bootstrap', 'aws://000000000000/us-east-1');
    await cdk('deploy', '--require-approval', 'never', '--outputs-file', join(folder, 'outputs.json'));
    outputs = JSON.parse(await readFile(join(folder, 'outputs.json'), 'utf8')).polling;
    bucket = openStore(outputs.Bucket, { endpoint: emulator.endpoint });
    events = eventBus ? await collectEvents(emulator.endpoint, { model: ['small'] }) : null;
    await train(1);
    polling = await startPolling();
  }, 300_000);

  afterAll(async () => {
    polling?.child.kill('SIGKILL');
    await emulator?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function cdk(...args: readonly string[]): Promise<void> {
    const context = ['-c', 'stack=polling', '-c', 'parts=data', '--output', join(folder, 'cdk.out'), '--no-notices'];
    const env = { ...process.env, ...emulator.env, TMPDIR: folder };
    await run('npx', ['cdk', ...args, ...context], { env, maxBuffer: 2 ** 26 });
  }

  /** The environment of someone without AWS credentials. */
  function environment(): NodeJS.ProcessEnv {
    const foreign = Object.entries(process.env).filter(([variable]) => !variable.startsWith('AWS_'));
    const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    return { ...Object.fromEntries(foreign), ...quiet, HOME: folder, TMPDIR: join(folder, 'tmp') };
  }

  async function command(...args: readonly string[]): Promise<string> {
    await mkdir(join(folder, 'tmp'), { recursive: true });
    return (await run(process.execPath, [COMMAND, ...args], { env: environment(), cwd: folder })).stdout;
  }

  const atBucket = () => ['--bucket', outputs.Bucket, '--endpoint', emulator.endpoint];

  /** Trains and publishes a version, makes it current without the gate, and returns its id. */
  async function train(epochs: number): Promise<string> {
    await writeFile(join(folder, 'small.yaml'), `${DECLARATION}\ntraining: { epochs: ${epochs} }\n`);
    const args = ['-d', 'small.yaml', '--data', 'log.csv', '--no-promote', '--json', ...atBucket()];
    const { version } = JSON.parse(await command('train', ...args)) as { version: string };
    await command('models', 'promote', version, '--force', '--reason', 'the test needs it', ...atBucket());
    return version;
  }

  async function startPolling(): Promise<Polling> {
    await mkdir(join(folder, 'tmp'), { recursive: true });
    const atBus = eventBus ? ['--event-bus', 'default'] : [];
    const args = ['local', '--poll', '--json', '--retry', '1', '--reconcile', '5', ...atBus, ...atBucket()];
    return new Polling(spawn(process.execPath, [COMMAND, ...args], { env: environment(), cwd: folder }));
  }

  async function json<T>(key: string): Promise<T> {
    return JSON.parse(new TextDecoder().decode((await bucket.get(key)).body)) as T;
  }

  /** Waits for a record, and returns it. */
  async function arrival<T>(key: string): Promise<T> {
    for (const end = Date.now() + WITHIN_MS; ; await delay(100)) {
      try {
        return await json<T>(key);
      } catch (error) {
        if (!(error instanceof ObjectNotFoundError) || Date.now() > end) throw error;
      }
    }
  }

  async function versionsUnder(store: Store, prefix: string): Promise<string[]> {
    const versions: string[] = [];
    for await (const { key, versionId } of store.list(prefix)) versions.push(`${key} ${versionId}`);
    return versions;
  }

  /** The same file scored by the command over a folder with the same models: the bytes of its parts, in order. */
  async function partsOfFolder(file: string): Promise<Buffer[]> {
    const local = openStore(join(folder, 'bucket'));
    for await (const { key } of bucket.list('models/')) await local.put(key, (await bucket.get(key)).body);
    await writeFile(join(folder, file), (await bucket.get(`candidates/${file}`)).body);
    await command('score', file);
    return partsOf(local, file);
  }

  describe(`polling on ${name}`, { timeout: 2 * WITHIN_MS }, () => {
    it('scores candidate files, to the same bytes as local mode does in a folder', async () => {
      for (const file of ['today.csv', 'a b+c%é.csv']) {
        await bucket.put(`candidates/${file}`, candidatesCsv(1_000));
        const manifest = await arrival<ScoresManifest>(`scores/${file}/_manifest.json`);
        expect(manifest).toMatchObject({ key: `candidates/${file}`, rowsIn: 1_000, scored: 999, rejected: 1 });
        const parts = await partsOf(bucket, file);
        expect(parts).toHaveLength(1);
        expect(parts).toEqual(await partsOfFolder(file));
      }
    });

    if (eventBus)
      it('sends an event for each file', async () => {
        const told = (await events?.received(2))?.map(({ detail, ...event }) => [event['detail-type'], detail.key]);
        expect(told?.toSorted()).toEqual([
          ['scores.done', 'candidates/a b+c%é.csv'],
          ['scores.done', 'candidates/today.csv'],
        ]);
      });

    it('takes a version that is promoted meanwhile', async () => {
      const version = await train(2);
      await bucket.put('candidates/tomorrow.csv', candidatesCsv(500));
      const manifest = await arrival<ScoresManifest>('scores/tomorrow.csv/_manifest.json');
      expect(manifest).toMatchObject({ model: { name: 'small', version }, rowsIn: 500, scored: 499 });
    });

    it('fails a file that is not what its name says, and refuses a key that cannot have scores', async () => {
      await bucket.put('candidates/broken.parquet', 'no Parquet');
      await bucket.put('candidates/today.txt', 'text');
      const failure = await arrival<Failure>('scores/broken.parquet/_FAILED.json');
      expect(failure.message).toBe('candidates/broken.parquet is not Parquet: it begins with "no P", expected "PAR1"');
      await polling.entry(({ files = [] }) => files.some(({ status }) => status === 'refused'));
    });

    it('changes nothing where an event is delivered twice', async () => {
      const key = 'candidates/today.csv';
      const before = await versionsUnder(bucket, '');
      const { versionId } = (await bucket.head(key)) ?? {};
      const now = new Date();
      const times = { sequencer: sequencerAt(now), eventTime: now.toISOString() };
      const body = arrivalBody({ bucket: bucketName(), key, versionId: versionId ?? '', attempt: 1, ...times });
      const seen = polling.entries.length;
      await openQueue(outputs.ArrivalsQueue, emulator).send([body]);
      const isAgain = ({ files = [] }: Entry) => files.some((file) => file.key === key && file.status === 'succeeded');
      await polling.entry(isAgain, seen);
      expect(await versionsUnder(bucket, '')).toEqual(before);
    });

    it('has no dead letters to redrive as yet', async () => {
      const queues = [
        ...['--arrivals', outputs.ArrivalsQueue, '--arrivals-dead', outputs.ArrivalsDeadLetters],
        ...['--shards', outputs.ShardsQueue, '--shards-dead', outputs.ShardsDeadLetters],
      ];
      expect(await command('redrive', ...queues, ...atBucket())).toBe('no dead letters\n');
    });

    it('gives a message that is none to the dead letters after its receives, and serves others meanwhile', async () => {
      await openQueue(outputs.ArrivalsQueue, emulator).send(['no event']);
      const isFailed = ({ message, error }: Entry) => message === 'arrival failed' && error !== undefined;
      await polling.entry(isFailed);
      await bucket.put('candidates/beside.csv', candidatesCsv(10));
      await arrival<ScoresManifest>('scores/beside.csv/_manifest.json');
      const { unreadable } = await polling.entry(({ unreadable = [] }) => unreadable.length > 0);
      expect(unreadable).toEqual(['s3 notification is not JSON']);
      expect(polling.entries.filter(isFailed).map(({ error }) => error)).toEqual(
        Array(MAX_RECEIVES).fill('s3 notification is not JSON'),
      );
    });

    it('ends what has begun at SIGTERM, and leaves the rest to a later run', async () => {
      polling.child.kill('SIGTERM');
      expect(await polling.ended).toEqual([0, null]);
      expect(polling.errors).toBe('\nstopping after the work under way (again: at once)\n');
      expect(await readdir(join(folder, 'tmp'))).toEqual([]);
      await bucket.put('candidates/later.csv', candidatesCsv(10));
      polling = await startPolling();
      // `_SUCCESS` comes after the manifest.
      await polling.entry(({ files = [] }) =>
        files.some(({ key, status }) => key === 'candidates/later.csv' && status === 'succeeded'),
      );
    });

    it('leaves nothing for local mode over the same bucket to do', async () => {
      const before = await versionsUnder(bucket, '');
      const results = await command('local', '--json', ...atBucket()).catch(({ stdout }) => stdout);
      expect(JSON.parse(results).map(({ key, status }: { key: string; status: string }) => `${key} ${status}`)).toEqual(
        [
          'candidates/a b+c%é.csv succeeded',
          'candidates/beside.csv succeeded',
          'candidates/broken.parquet failed',
          'candidates/later.csv succeeded',
          'candidates/today.csv succeeded',
          'candidates/today.txt refused',
          'candidates/tomorrow.csv succeeded',
        ],
      );
      expect(await versionsUnder(bucket, '')).toEqual(before);
    });

    it('ends with a reason where its queue is gone', async () => {
      const absent = `${emulator.endpoint}/000000000000/absent`;
      const failed = command('local', '--poll', '--arrivals', absent, ...atBucket());
      await expect(failed).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`entirespace: cannot look at ${absent}: `),
      });
    });
  });

  const bucketName = () => outputs.Bucket.replace('s3://', '');
}

/** The bytes of a file's parts, in the order of its rows. */
async function partsOf(store: Store, file: string): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for await (const { key } of store.list(`scores/${file}/part-`)) parts.push(Buffer.from((await store.get(key)).body));
  return parts;
}

/** A running command, and its output. */
class Polling {
  readonly child: ChildProcess;
  readonly entries: Entry[] = [];
  errors = '';
  /** Resolves with the exit code and the signal. */
  readonly ended: Promise<unknown[]>;

  constructor(child: ReturnType<typeof spawn>) {
    this.child = child;
    this.ended = once(child, 'close');
    if (child.stdout === null || child.stderr === null) throw new Error('the command has no pipes');
    createInterface(child.stdout).on('line', (line) => this.entries.push(JSON.parse(line)));
    child.stderr.on('data', (data) => {
      this.errors += data;
    });
  }

  /** Waits for the first entry after `seen` others that meets the condition. */
  async entry(isSo: (entry: Entry) => boolean, seen = 0): Promise<Entry> {
    for (const end = Date.now() + WITHIN_MS; Date.now() < end; await delay(50)) {
      const found = this.entries.slice(seen).find(isSo);
      if (found !== undefined) return found;
    }
    throw new Error(`no such entry: ${isSo}; got ${JSON.stringify(this.entries)}; ${this.errors}`);
  }
}
