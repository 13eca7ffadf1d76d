/** Messages and processes that come twice, at the same time, too late or not at all. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { pollQueue } from '../../../lib/queue/poller.ts';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsInbox } from '../../../lib/queue/sqs-inbox.ts';
import { sqsQueue } from '../../../lib/queue/sqs-queue.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { type RedriveDependencies, redriveDeadLetters } from '../../../lib/scoring/handlers/redrive.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { Logger, PlanDependencies } from '../../../lib/scoring/protocol/ports.ts';
import {
  type DeadLetter,
  failDeadLetters,
  type Reconciled,
  reconcile,
} from '../../../lib/scoring/protocol/reconcile.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import { scoreShard } from '../../../lib/scoring/protocol/score.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import type { ObjectInfo, Store } from '../../../lib/store/store.ts';
import { assertNothingLost, deadLetters, type Expected, type ExpectedVersion } from '../site/audit.ts';
import { type CleanScores, MODEL, openSite, type Queues, type Site, scoreCleanly, type Trained } from '../site/site.ts';
import { candidatesCsv } from '../site/small-model.ts';
import { type OnStep, type Step, withSteps } from '../site/steps.ts';
import { trainedSmall } from '../site/trained.ts';

const SHARD_ROWS = 60;
const ONE_SHARD = 40;
const TWO_SHARDS = 100;

type SqsClient = ReturnType<typeof sqsClient>;
type Files = ReturnType<typeof candidateFiles>;
type ModelName = 'one' | 'two';

let folder: string;
let site: Site;
let loader: ModelLoader;
let trained: Readonly<Record<ModelName, Trained>>;
/** The versions of the models; `one` is current when a test begins. */
let versions: Readonly<Record<ModelName, string>>;
let queues: Queues;
let sqs: SqsClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'races-'));
  sqs = sqsClient({ endpoint: inject('endpoint') });
  trained = { one: await trainedSmall(1), two: await trainedSmall(2) };
}, 120_000);
beforeEach(async () => {
  site = await openSite(inject('endpoint'));
  versions = { one: await site.publish(trained.one), two: await site.publish(trained.two) };
  await promote('one');
  loader = new ModelLoader(site.store, {
    scratch: await mkdtemp(join(folder, 'models-')),
    threads: 1,
    memoryLimitMiB: 256,
  });
  queues = await site.makeQueues();
});
afterEach(() => loader.release());
afterAll(() => rm(folder, { recursive: true }));

async function promote(model: ModelName): Promise<void> {
  await promoteVersion(site.store, MODEL, versions[model], { reason: 'test', at: new Date() });
}

const cleanScores = new Map<string, CleanScores>();

/** Puts a version of that many rows; with the scores that are expected of each of the models. */
async function put(key: string, rows: number, allowed: readonly ModelName[] = ['one']): Promise<ExpectedVersion> {
  const body = candidatesCsv(rows);
  const file = await site.put(key, body);
  const scores: Record<string, CleanScores> = {};
  for (const model of allowed) {
    const clean =
      cleanScores.get(`${model} ${rows}`) ??
      (await scoreCleanly(trained[model], { key, body, shardRows: SHARD_ROWS, scratch: folder }));
    cleanScores.set(`${model} ${rows}`, clean);
    scores[versions[model]] = clean;
  }
  return { file, scores };
}

/** Key of a plan that readers get with a format that they do not know. */
let planOfAnotherRelease: string | null = null;

function asAnotherRelease(store: Store): Store {
  return {
    ...store,
    async get(key, options) {
      const object = await store.get(key, options);
      if (key !== planOfAnotherRelease) return object;
      const record = JSON.parse(new TextDecoder().decode(object.body));
      return { ...object, body: new TextEncoder().encode(JSON.stringify({ ...record, formatVersion: 99 })) };
    },
  };
}

/** The dependencies of a planner and a scorer; each write calls `onStep`. */
function dependencies(
  onStep: OnStep = () => undefined,
): PlanDependencies & { scratch: string; files: Files; log: Logger } {
  const store = asAnotherRelease(withSteps(site.store, onStep));
  const files = candidateFiles({ store, models: loader, scratch: folder, shardRows: SHARD_ROWS });
  return {
    store,
    files,
    scratch: folder,
    newWriterId: randomUUID,
    now: () => new Date(),
    models: registryModels(site.store, MODEL),
    shards: sqsQueue(sqs, queues.shards.queueUrl),
    inOneGo: { files, scratch: folder, hasTime: () => true },
    log: { info: () => undefined, error: () => undefined },
  };
}
/** Polls both queues, several times each, until nothing but dead letters is left. */
async function drain({ pollers = 1, sendTwice = false } = {}): Promise<void> {
  const stopping = new AbortController();
  const common = dependencies();
  const shards = sendTwice
    ? { send: (bodies: readonly string[]) => common.shards.send([...bodies, ...bodies]) }
    : common.shards;
  const polling = { client: sqs, signal: stopping.signal, waitSeconds: 0, onError: () => undefined };
  const arrivals = {
    queueUrl: queues.arrivals.queueUrl,
    handler: planShardsHandler({ ...common, shards }),
    batchSize: 10,
  };
  const scoring = { queueUrl: queues.shards.queueUrl, handler: scoreShardHandler(common) };
  const polls = Array.from({ length: pollers }, () => [
    pollQueue({ ...polling, ...arrivals }),
    pollQueue({ ...polling, ...scoring }),
  ]);
  await site.untilIdle([queues]);
  stopping.abort();
  await Promise.all(polls.flat());
}

async function audit(
  files: readonly (readonly ExpectedVersion[])[],
  rest: Pick<Expected, 'deadLetters' | 'reopened'> = {},
): Promise<void> {
  await assertNothingLost(site, { files, queues: [queues], scratch: folder, ...rest });
}

/** A step that waits until `open` is called. */
function gate(name: string, nth = 1): { readonly onStep: OnStep; readonly reached: Promise<void>; open(): void } {
  let open = () => {};
  let reach = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  let met = 0;
  const onStep: OnStep = (step) => {
    if (step.when !== 'before' || step.name !== name) return;
    met += 1;
    if (met !== nth) return;
    reach();
    return opened;
  };
  return { onStep, reached, open };
}

/** Throws at that step, which ends the process as a kill would. */
function endAt(when: Step['when'], name: string): OnStep {
  return (step) => {
    if (step.when === when && step.name === name) throw new Error('the end');
  };
}

/** Runs `reconcile` as if much time had passed. */
async function reconcileLater(): Promise<Reconciled> {
  const letters = await Promise.all(
    (['arrivals', 'shards'] as const).map(async (queue) => {
      const bodies = await deadLetters(site, [queues[queue].deadUrl]);
      return bodies.map((body): DeadLetter => ({ queue, body, error: null }));
    }),
  );
  return reconcile(dependencies(), { deadLetters: letters.flat(), resendAfterMs: -1 });
}

function redriving(): RedriveDependencies {
  return {
    ...dependencies(),
    queues: { arrivals: sqsQueue(sqs, queues.arrivals.queueUrl), shards: sqsQueue(sqs, queues.shards.queueUrl) },
    dead: { arrivals: sqsInbox(sqs, queues.arrivals.deadUrl), shards: sqsInbox(sqs, queues.shards.deadUrl) },
  };
}

async function listing(prefix: string): Promise<readonly ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const object of site.store.list(prefix)) objects.push(object);
  return objects;
}

describe('what comes twice or at once', () => {
  it('every message, to pollers beside each other', async () => {
    const rows = [ONE_SHARD, TWO_SHARDS, ONE_SHARD, TWO_SHARDS, ONE_SHARD, TWO_SHARDS];
    const files = await Promise.all(rows.map(async (count, file) => [await put(`candidates/${file}.csv`, count)]));
    const arrivals = files.flat().map(({ file }) => file);
    await site.announce(queues, [...arrivals, ...arrivals]);
    await drain({ pollers: 2, sendTwice: true });
    await audit(files);
  });

  it.each([ONE_SHARD, TWO_SHARDS])(
    'two planners of one file of %i rows, with a promotion between: one plan stands',
    async (rows) => {
      const version = await put('candidates/a.csv', rows, ['one', 'two']);
      const gates = [gate('put plan.json'), gate('put plan.json')];
      const planned: Promise<unknown>[] = [];
      for (const [index, { onStep, reached }] of gates.entries()) {
        await promote(index === 0 ? 'one' : 'two');
        planned.push(planFile(dependencies(onStep), version.file));
        await reached;
      }
      for (const { open } of gates) open();
      await Promise.all(planned);
      await drain();
      await audit([[version]]);
    },
  );
});

describe('a file that is replaced while it is scored', () => {
  const STEPS = [
    'put plan.json',
    'put rejects 00000',
    'put part 00000',
    'put outcome.json',
    'put pointer',
    'copy scores 00000',
    'put _manifest.json',
    'put _SUCCESS',
  ];

  it('gives the scores of the newer version, wherever the older one was overtaken', async () => {
    const seen: string[] = [];
    const undisturbed = await put('candidates/undisturbed.csv', ONE_SHARD);
    await planFile(
      dependencies(({ when, name }) => void (when === 'before' && seen.push(name))),
      undisturbed.file,
    );
    expect(seen).toEqual(STEPS);
    const files = [[undisturbed]];
    for (const name of STEPS) {
      const older = await put(`candidates/${name}.csv`, ONE_SHARD);
      const newer = await put(`candidates/${name}.csv`, ONE_SHARD + 1);
      const { onStep, reached, open } = gate(name);
      const overtaken = planFile(dependencies(onStep), older.file);
      await reached;
      await planFile(dependencies(), newer.file);
      open();
      await overtaken;
      files.push([older, newer]);
    }
    await audit(files);
  });

  it('is not scored any more where its event comes after the newer version has ended', async () => {
    const older = await put('candidates/a.csv', TWO_SHARDS);
    const newer = await put('candidates/a.csv', ONE_SHARD);
    await site.announce(queues, [newer.file, older.file]);
    await drain();
    await audit([[older, newer]]);
    expect(await listing(`_work/${older.file.source}/`)).toEqual([]);
  });
});

describe('a model that changes in the middle', () => {
  it('is used by the files that are planned from then on', async () => {
    const before = await put('candidates/before.csv', TWO_SHARDS, ['one']);
    const after = await put('candidates/after.csv', TWO_SHARDS, ['two']);
    await planFile(dependencies(), before.file);
    await promote('two');
    await planFile(dependencies(), after.file);
    await drain();
    await audit([[before], [after]]);
  });

  it.each([
    { rows: ONE_SHARD, shards: 1 },
    { rows: TWO_SHARDS, shards: 2 },
  ])(
    'and whose version is deleted leaves a sentence; restored and redriven, the file of $shards shards is scored',
    async ({ rows, shards }) => {
      queues = await site.makeQueues({ visibilitySeconds: 2, maxReceiveCount: 2 });
      const version = await put('candidates/a.csv', rows);
      const removed = await Promise.all(
        (await listing(`models/${MODEL}/${versions.one}/`)).map(({ key }) => site.store.get(key)),
      );
      const planned = planFile(dependencies(endAt('after', 'put plan.json')), version.file);
      await expect(planned).rejects.toThrow('the end');
      for (const { key } of removed) await site.store.delete(key);
      await loader.release();

      await site.announce(queues, [version.file]);
      await drain();
      // A file that has a plan is not scored in one go again: each of its shards has a message of its own.
      const { source } = version.file;
      expect((await reconcileLater()).failed).toContain(source);
      const dead = await deadLetters(site, [queues.arrivals.deadUrl, queues.shards.deadUrl]);
      expect(dead).toHaveLength(shards);
      await audit([[{ ...version, scores: { failed: 'retries_exhausted' } }]], { deadLetters: dead });
      const { body } = await site.store.get('scores/a.csv/_FAILED.json');
      expect(JSON.parse(new TextDecoder().decode(body)).message).toMatch(
        /^candidates\/a\.csv: shard [01] was tried too often; no error was left behind$/,
      );

      for (const { key, body } of removed) await site.store.put(key, body);
      const redriven = await redriveDeadLetters(redriving());
      expect(redriven).toEqual([{ source, status: 'again' }]);
      await drain();
      await audit([[version]], { reopened: [source] });
    },
  );
});

describe('two releases of the code on one plan', () => {
  it('leave it as it is; the other release ends it, and other files do not wait', async () => {
    queues = await site.makeQueues({ visibilitySeconds: 2, maxReceiveCount: 2 });
    const version = await put('candidates/a.csv', TWO_SHARDS);
    const other = await put('candidates/b.csv', TWO_SHARDS);
    const { source } = version.file;
    const planKey = `_work/${source}/plan.json`;
    for (const { file } of [version, other]) {
      const planned = planFile(dependencies(endAt('after', 'put plan.json')), file);
      await expect(planned).rejects.toThrow('the end');
    }
    const plan = await site.store.head(planKey);
    planOfAnotherRelease = planKey;

    await site.announce(queues, [version.file, other.file]);
    await sqsQueue(sqs, queues.shards.queueUrl).send([shardMessageBody({ source, shard: 0 })]);
    await drain();
    const { unreadable, failed } = await reconcileLater();
    expect(failed).toEqual([]);
    const refusal = `format of ${planKey} is 99, expected 2: another release wrote it (in ${site.store.url})`;
    expect(new Set(unreadable)).toEqual(new Set([refusal]));
    expect((await listing(`_work/${source}/`)).map(({ key }) => key)).toEqual([planKey]);
    expect(await site.store.head(planKey)).toEqual(plan);

    planOfAnotherRelease = null;
    const redriven = await redriveDeadLetters(redriving());
    expect(redriven).toContainEqual({ source, status: 'again' });
    await drain();
    await audit([[version], [other]]);
  });
});

describe('what is missing', () => {
  it('the arrival of a redriven file: reconcile sends its shards', async () => {
    const version = await put('candidates/a.csv', TWO_SHARDS);
    const { source } = version.file;
    await expect(planFile(dependencies(endAt('after', 'put plan.json')), version.file)).rejects.toThrow('the end');
    const body = shardMessageBody({ source, shard: 1 });
    const dead: DeadLetter = { queue: 'shards', body, error: null };
    expect((await failDeadLetters(dependencies(), [dead])).failed).toEqual([source]);
    await redriveFile({ ...dependencies(), arrivals: { send: async () => undefined } }, source);
    expect((await reconcileLater()).resent).toEqual([source]);
    await drain();
    await audit([[version]], { reopened: [source] });
  });

  it.each([
    { lost: 'the messages, after the plan', rows: TWO_SHARDS, end: endAt('after', 'put plan.json') },
    {
      lost: 'the process, after the plan of a file of one shard',
      rows: ONE_SHARD,
      end: endAt('after', 'put plan.json'),
    },
    { lost: 'the process, after the only part', rows: ONE_SHARD, end: endAt('after', 'put part 00000') },
  ])('$lost: reconcile sends again', async ({ rows, end }) => {
    const version = await put('candidates/a.csv', rows);
    await expect(planFile(dependencies(end), version.file)).rejects.toThrow('the end');
    expect((await reconcileLater()).resent).toEqual([version.file.source]);
    await drain();
    await audit([[version]]);
  });

  it('a message, after its receipt: reconcile finishes the file', async () => {
    const version = await put('candidates/a.csv', TWO_SHARDS);
    const { source } = version.file;
    await planFile({ ...dependencies(), shards: { send: async () => undefined } }, version.file);
    for (const shard of [0, 1]) {
      const end = endAt('after', `put receipt 0000${shard}`);
      await expect(scoreShard(dependencies(end), { source, shard })).rejects.toThrow('the end');
    }
    expect((await reconcileLater()).resent).toEqual([source]);
    await audit([[version]]);
  });

  it('the work, expired before an arrival came again: nothing happens', async () => {
    const version = await put('candidates/a.csv', TWO_SHARDS);
    await site.announce(queues, [version.file]);
    await drain();
    await audit([[version]]);
    for (const { key } of await listing('_work/')) await site.store.delete(key);
    const before = await listing('');
    await site.announce(queues, [version.file]);
    await drain();
    expect(await listing('')).toEqual(before);
  });
});
