/** Each conditional write of a file's scoring, failing in every way that S3 can fail. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, scoreLocal } from '../../../lib/scoring/local/local.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type Fault, type FaultProxy, type SeenRequest, s3Error, startFaultProxy } from '../emulator/fault-proxy.ts';
import { assertNothingLost, type ExpectedVersion } from '../site/audit.ts';
import { type CleanScores, MODEL, openSite, type Site, scoreCleanly, type Trained } from '../site/site.ts';
import { candidatesCsv } from '../site/small-model.ts';
import { trainedSmall } from '../site/trained.ts';

const ROWS = { first: 70, second: 100 };
const SHARD_ROWS = 60;
const MAX_ATTEMPTS = 2;
const IDLE_MS = 1_000;
const AT_ONCE = 6;

type Injury = Pick<Fault, 'answer' | 'applied' | 'times'>;

const INJURIES: Readonly<Record<string, Injury>> = {
  'a conflict (409)': { answer: s3Error(409, 'ConditionalRequestConflict'), times: 3 },
  'an error (500)': { answer: s3Error(500, 'InternalError') },
  'a refusal (503)': { answer: s3Error(503, 'SlowDown') },
  'no answer': { answer: 'silence' },
  'no answer to what was applied': { answer: 'silence', applied: true },
  'a connection that breaks when it was applied': { answer: 'close', applied: true },
  'errors (500) beyond the patience of the client': { answer: s3Error(500, 'InternalError'), times: MAX_ATTEMPTS },
};

let folder: string;
let trained: Trained;
let site: Site;
let version: string;
let loader: ModelLoader;
let proxy: FaultProxy;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conditions-'));
  trained = await trainedSmall(1);
  site = await openSite(inject('endpoint'));
  version = await site.publish(trained);
  loader = new ModelLoader(site.store, { scratch: folder, threads: 1, memoryLimitMiB: 256 });
  proxy = await startFaultProxy(inject('endpoint'));
}, 120_000);
afterAll(async () => {
  await proxy.stop();
  await loader.release();
  await rm(folder, { recursive: true });
});

function score(store: Store, keys: readonly string[]): Promise<FileResult[]> {
  return scoreLocal({
    store,
    keys,
    models: registryModels(site.store, MODEL),
    files: candidateFiles({ store: site.store, models: loader, scratch: folder, shardRows: SHARD_ROWS }),
    handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
    scratch: folder,
    queueOptions: { retryMs: 10 },
  });
}

/** The object that a request writes under a condition for this file; `null` for any other request. */
function conditionalKey({ method, url, headers }: SeenRequest, { source, key }: FileVersion): string | null {
  if (method !== 'PUT' || (headers['if-none-match'] ?? headers['if-match']) === undefined) return null;
  const path = decodeURIComponent(url.slice(`/${site.bucket}/`.length).split('?')[0] ?? '');
  const pointer = `_state/${createHash('sha256').update(key).digest('hex')}.json`;
  const isOfFile =
    path === pointer || [`_work/${source}/`, `scores/${key.slice(11)}/`].some((at) => path.startsWith(at));
  if (!isOfFile) return null;
  if (path === pointer) return 'pointer';
  return path.startsWith('scores/') ? path.slice(path.lastIndexOf('/') + 1) : path.replace(source, '*');
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

describe('each conditional write of a file that replaces another', () => {
  const expected = new Map<string, ExpectedVersion[]>();
  const clean = new Map<number, CleanScores>();

  async function put(key: string, rows: number): Promise<FileVersion> {
    const body = candidatesCsv(rows);
    const file = await site.put(key, body);
    const scores =
      clean.get(rows) ?? (await scoreCleanly(trained, { key, body, shardRows: SHARD_ROWS, scratch: folder }));
    clean.set(rows, scores);
    expected.set(key, [...(expected.get(key) ?? []), { file, scores: { [version]: scores } }]);
    return file;
  }

  it('may meet any fault: the outcome is the same', { timeout: 300_000 }, async () => {
    const store = s3Store({
      bucket: site.bucket,
      endpoint: proxy.endpoint,
      idleMs: IDLE_MS,
      maxAttempts: MAX_ATTEMPTS,
    });
    const undisturbed = 'candidates/undisturbed.csv';
    await put(undisturbed, ROWS.first);
    await score(site.store, [undisturbed]);
    const file = await put(undisturbed, ROWS.second);
    await score(store, [undisturbed]);
    const writes = proxy.requests.map((request) => conditionalKey(request, file)).filter((key) => key !== null);
    expect(writes.toSorted()).toEqual(
      [
        '_SUCCESS',
        '_manifest.json',
        ...['outcome.json', 'parts/00000.parquet', 'parts/00001.parquet', 'plan.json'].map((name) => `_work/*/${name}`),
        ...['receipts/00000.json', 'receipts/00001.json'].map((name) => `_work/*/${name}`),
        'pointer',
      ].toSorted(),
    );

    const cases = writes.flatMap((write, index) =>
      Object.entries(INJURIES).map(([name, injury]) => ({
        write,
        nth: index + 1,
        injury,
        key: `candidates/${name}, ${index}.csv`,
      })),
    );
    for (const { key } of cases) await put(key, ROWS.first);
    await score(
      site.store,
      cases.map(({ key }) => key),
    );
    await inParallel(cases, async ({ key, nth, injury, write }) => {
      const version = await put(key, ROWS.second);
      const seen: string[] = [];
      proxy.inject({
        ...injury,
        nth,
        when: (request) => {
          const name = conditionalKey(request, version);
          if (name !== null) seen.push(name);
          return name !== null;
        },
      });
      expect(await score(store, [key]), key).toMatchObject([
        { status: 'succeeded', manifest: { rowsIn: ROWS.second } },
      ]);
      // The fault hit the write that it was meant for.
      expect(seen[nth - 1], key).toBe(write);
      expect(seen.length, key).toBeGreaterThan(writes.length);
    });
    const files = [...expected.values()];
    const audit = await assertNothingLost(site, { files, queues: [], scratch: folder });
    expect(audit).toMatchObject({ succeeded: cases.length + 1, failed: 0 });
  });
});
