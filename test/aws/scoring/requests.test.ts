/** The requests of a small file, counted by a proxy: those of the protocol, of the model and of the file itself. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import type { BatchHandler } from '../../../lib/queue/in-process-queue.ts';
import { openQueue } from '../../../lib/queue/open-queue.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { arrivalBody, sequencerAt } from '../../../lib/scoring/protocol/events.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { REQUESTS } from '../../../lib/stack/prices.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { sqsRecord } from '../../functions/batch.ts';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../emulator/fault-proxy.ts';
import { makeBucket, makeQueue } from '../emulator/resources.ts';
import { candidatesCsv, DECLARATION, logCsv } from '../site/small-model.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const settings = { threads: 1, memoryLimitMiB: 256 };
const declarationText = `${DECLARATION}\nmodel: { hidden_units: [4] }\ntraining: { epochs: 1 }\n`;

let folder: string;
let bucket: string;
let models: ModelLoader;
let s3: FaultProxy;
let sqs: FaultProxy;
let store: Store;
let planShards: BatchHandler;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'requests-'));
  [s3, sqs] = [await startFaultProxy(inject('endpoint')), await startFaultProxy(inject('endpoint'))];
  bucket = await makeBucket();
  store = s3Store({ bucket, endpoint: s3.endpoint });
  await publish();
  const [scratch, version] = [join(folder, 'work'), join(folder, 'models')];
  for (const path of [scratch, version]) await mkdir(path);
  models = new ModelLoader(store, { ...settings, scratch: version });
  const files = candidateFiles({ store, models, scratch });
  const { queueUrl } = await makeQueue();
  planShards = planShardsHandler({
    store,
    files,
    newWriterId: randomUUID,
    now: () => NOW,
    models: registryModels(store, 'small'),
    shards: openQueue(queueUrl, { endpoint: sqs.endpoint }),
    inOneGo: { files, scratch, hasTime: () => true },
    log: {
      info: () => undefined,
      error: (_, { error }) => {
        throw error;
      },
    },
  });
  // The first file also loads the model.
  await arrive('candidates/first.csv');
}, 120_000);

afterAll(async () => {
  await models?.release();
  await Promise.all([s3?.stop(), sqs?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

it('a new small file takes these requests of S3, and none of SQS beside its own message', async () => {
  const requests = await arrive('candidates/second.csv');
  expect(requests).toEqual([
    'GET plan.json',
    'GET pointer',
    'GET current.json',
    // The whole file, since it is small, for its columns and the number of its rows.
    'GET candidates/second.csv',
    'PUT plan.json',
    // The file again, to score it: nothing is kept from planning.
    'GET candidates/second.csv',
    'PUT rejects/second.csv/part',
    'PUT 00000.parquet',
    'PUT outcome.json',
    'PUT pointer',
    'COPY scores/second.csv/part',
    'PUT _manifest.json',
    'GET pointer',
    'PUT _SUCCESS',
    'GET pointer',
  ]);
  // One of its rows is rejected, which takes one more write.
  expect(requests.filter((request) => /^(PUT|COPY|LIST) /.test(request))).toHaveLength(REQUESTS.smallFile.write + 1);
  expect(requests.filter((request) => /^(GET|HEAD) /.test(request))).toHaveLength(REQUESTS.smallFile.read);
  expect(sqs.requests).toEqual([]);
});

/** Handles the arrival of a file, and returns the names of the requests that this made. */
async function arrive(key: string): Promise<string[]> {
  const { versionId } = await store.put(key, candidatesCsv(100));
  const before = s3.requests.length;
  const arrival = { bucket, key, versionId, sequencer: sequencerAt(NOW), eventTime: NOW.toISOString(), attempt: 1 };
  const Records = [sqsRecord('a', { body: arrivalBody(arrival) })];
  expect(await planShards({ Records })).toEqual({ batchItemFailures: [] });
  return s3.requests.slice(before).map(nameOf);
}

function nameOf({ method, url, headers }: SeenRequest): string {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const name = searchParams.has('list-type') ? 'LIST' : 'x-amz-copy-source' in headers ? 'COPY' : method;
  const key = decodeURIComponent(pathname.slice(`/${bucket}/`.length));
  if (key.startsWith('_state/')) return `${name} pointer`;
  if (key.startsWith('candidates/')) return `${name} ${key}`;
  return `${name} ${key.includes('/part-') ? key.replace(/part-.*/, 'part') : basename(key)}`;
}

async function publish(): Promise<void> {
  const declaration = parseDeclaration(declarationText, 'small.yaml');
  const [dataPath, scratch] = [join(folder, 'log.csv'), join(folder, 'training')];
  await writeFile(dataPath, logCsv(2_000));
  await mkdir(scratch);
  const trained = await train({ declaration, declarationText, dataPath, ...settings, scratch });
  const version = await publishTrained(store, declaration, trained, { threads: 1, at: NOW });
  await promoteVersion(store, 'small', version, { reason: 'first', at: NOW });
}
