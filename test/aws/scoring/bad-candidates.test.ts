/**
 * Bad candidate files, and objects that are none, among good ones: each fails with its message, and the good are
 * scored.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { pollQueue } from '../../../lib/queue/poller.ts';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsQueue } from '../../../lib/queue/sqs-queue.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import type { Store } from '../../../lib/store/store.ts';
import { deadLetters } from '../site/audit.ts';
import { MODEL, openSite, type Queues, type Site } from '../site/site.ts';
import { candidatesCsv } from '../site/small-model.ts';
import { trainedSmall } from '../site/trained.ts';

const GOOD = candidatesCsv(20);
const LONG = `candidates/${'l'.repeat(900)}.csv`;
const NOT_S3 = '{"hello":"world"}';

/** The key, the body, and the message in its `_FAILED.json`, or under `failed/`. */
const BAD: readonly (readonly [key: string, body: string | Uint8Array, sentence: string])[] = [
  [
    'candidates/renamed.csv',
    'PAR1 and so on',
    'candidates/renamed.csv is a Parquet file, expected CSV by its name: end it in .parquet',
  ],
  [
    'candidates/renamed.parquet',
    GOOD,
    'candidates/renamed.parquet is not Parquet: it begins with "row,", expected "PAR1"',
  ],
  [
    'candidates/columns.csv',
    'row,colour\n1,red\n',
    'candidate columns missing: user_id, item_id, price (in candidates/columns.csv)',
  ],
  [
    'candidates/bomb.csv.gz',
    gzipSync(`row,user_id,item_id,price\n${'1,1,item1,2\n'.repeat(500_000)}`),
    'candidates/bomb.csv.gz has more than 1.0 MiB uncompressed, expected at most that in gzip: use Parquet, or plain CSV',
  ],
  [
    'candidates/cut.csv.gz',
    gzipSync(GOOD.repeat(50)).subarray(0, -30),
    'candidates/cut.csv.gz is cut off: its gzip has no end',
  ],
  ['candidates/a.txt', GOOD, 'candidate key ends in .txt, expected .parquet, .csv or .csv.gz (candidates/a.txt)'],
  [
    'candidates/../models/x.parquet',
    GOOD,
    'candidate key has an empty, . or .. segment (candidates/../models/x.parquet)',
  ],
  [LONG, GOOD, `candidate key has 915 bytes, expected at most 900 (${LONG})`],
];

let folder: string;
let site: Site;
let loader: ModelLoader;
let queues: Queues;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bad-'));
  site = await openSite(inject('endpoint'));
  await site.publish(await trainedSmall(1));
  loader = new ModelLoader(site.store, { scratch: folder, threads: 1, memoryLimitMiB: 256 });
  queues = await site.makeQueues({ visibilitySeconds: 1, maxReceiveCount: 2 });
}, 120_000);
afterAll(async () => {
  await loader.release();
  await rm(folder, { recursive: true });
});

it('bad files fail with one sentence each, markers are left alone, and good files beside them are scored', async () => {
  const bad = [];
  for (const [key, body] of BAD) bad.push(await putBeside(key, body));
  const marker = await putBeside('candidates/folder/', '');
  // The file may come yet: some writers put an empty object first.
  const empty = await site.put('candidates/zero.parquet', '');
  const elsewhere = await site.put('exports/today.csv', GOOD);
  const formula = await site.put('candidates/formula.csv', `${GOOD}"=cmd|' /C calc'!A0",@SUM(1),+item,1\n`);
  const good = await site.put('candidates/good.csv', GOOD);
  const sqs = sqsClient({ endpoint: site.endpoint });
  await site.announce(queues, [...bad, marker, empty, elsewhere, formula, good]);
  await sqsQueue(sqs, queues.arrivals.queueUrl).send([NOT_S3, '{"Event":"s3:TestEvent"}']);
  const errors = await plan(sqs);

  const sentences = await sentencesIn(site.store);
  expect(sentences.toSorted()).toEqual(BAD.map(([, , sentence]) => sentence).toSorted());
  const keys = [];
  for await (const { key } of site.store.list('scores/')) if (key.endsWith('_SUCCESS')) keys.push(key);
  expect(keys).toEqual(['scores/formula.csv/_SUCCESS', 'scores/good.csv/_SUCCESS']);
  expect(await deadLetters(site, [queues.arrivals.deadUrl, queues.shards.deadUrl])).toEqual([NOT_S3]);
  expect(new Set(errors)).toEqual(new Set(['s3 notification is not as expected: Records missing']));
}, 60_000);

/** The event of S3 for it. S3 has keys that are no paths, which the store refuses to write. */
async function putBeside(key: string, body: string | Uint8Array) {
  const isTaken = !key.includes('..') && !key.endsWith('/');
  const file = await site.put(isTaken ? key : 'candidates/elsewhere.csv', body);
  return { ...file, key };
}

/** Runs the planner until only dead letters are left, and returns the errors that it logged. */
async function plan(sqs: ReturnType<typeof sqsClient>): Promise<string[]> {
  const errors: string[] = [];
  const stopping = new AbortController();
  const files = candidateFiles({ store: site.store, models: loader, scratch: folder, maxUnzippedBytes: 2 ** 20 });
  const handler = planShardsHandler({
    store: site.store,
    files,
    newWriterId: randomUUID,
    now: () => new Date(),
    models: registryModels(site.store, MODEL),
    shards: sqsQueue(sqs, queues.shards.queueUrl),
    inOneGo: { files, scratch: folder, hasTime: () => true },
    log: { info: () => undefined, error: (_, { error }) => errors.push(error instanceof Error ? error.message : '') },
  });
  const polling = pollQueue({
    client: sqs,
    queueUrl: queues.arrivals.queueUrl,
    handler,
    batchSize: 10,
    signal: stopping.signal,
    waitSeconds: 0,
    onError: (error) => errors.push(error.message),
  });
  await site.untilIdle([queues]);
  stopping.abort();
  await polling;
  return errors;
}

async function sentencesIn(store: Store): Promise<string[]> {
  const sentences: string[] = [];
  for (const prefix of ['scores/', 'failed/'])
    for await (const { key } of store.list(prefix))
      if (prefix === 'failed/' || key.endsWith('_FAILED.json'))
        sentences.push(
          (JSON.parse(new TextDecoder().decode((await store.get(key)).body)) as { message: string }).message,
        );
  return sentences;
}
