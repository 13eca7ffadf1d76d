/** The registry and the scoring protocol over a bucket. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { currentVersion, promoteVersion, rollbackVersion } from '../../../lib/registry/current.ts';
import { fetchVersion } from '../../../lib/registry/fetch-version.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, scoreLocal } from '../../../lib/scoring/local/local.ts';
import type { CandidateFiles } from '../../../lib/scoring/protocol/ports.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { publishModel, VERSIONS } from '../../registry/fixture.ts';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../emulator/fault-proxy.ts';
import { makeBucket } from '../emulator/resources.ts';

const NAME = 'hillstrom';
const KEY = 'candidates/today/a b+c.csv';
const FOLDER = 'scores/today/a b+c.csv/';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scoring-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Two shards of five rows, of which the second shard's last is bad. */
const files: CandidateFiles = {
  async plan() {
    const shards = [0, 1].map((index) => ({ index, firstRow: index * 5, rows: 5 }));
    return { format: 'csv', columns: [], size: 1, rows: 10, dialect: null, shards, notes: [] };
  },
  async scoreShard({ file, shard, scratch }) {
    const scoresPath = join(scratch, 'scores.parquet');
    await writeFile(scoresPath, `scores of ${file.key}, shard ${shard}`);
    const all = { scoresPath, rowsIn: 5, features: {}, repeatedKeys: 0 };
    if (shard === 0) return { ...all, rejectsPath: null, scored: 5, rejected: 0, rejectedByReason: {} };
    const rejectsPath = join(scratch, 'rejects.parquet');
    await writeFile(rejectsPath, 'rejects');
    return { ...all, rejectsPath, scored: 4, rejected: 1, rejectedByReason: { not_a_number: 1 } };
  },
  rankPart: () => Promise.reject(new Error('not asked')),
};

function score(store: Store): Promise<FileResult[]> {
  const models = {
    current: async () => ({
      name: NAME,
      version: VERSIONS.one,
      limits: { maxRejected: 0.5, maxUnknown: null, maxMissing: null },
      ranking: null,
      usual: {},
    }),
  };
  const handlers = { planShards: planShardsHandler, scoreShard: scoreShardHandler };
  return scoreLocal({ store, models, files, handlers, scratch: folder, queueOptions: { retryMs: 10 } });
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function text(store: Store, key: string): Promise<string> {
  return new TextDecoder().decode((await store.get(key)).body);
}

describe('a bucket that is opened by its URL', () => {
  it('keeps the registry: publish, promote, fetch, roll back', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', inject('endpoint'));
    const store = openStore(`s3://${await makeBucket()}`);
    for (const [second, model] of ['one', 'two'].entries()) {
      const version = await publishModel(store, model, second);
      await promoteVersion(store, NAME, version, { reason: 'test', at: new Date() });
    }
    expect((await currentVersion(store, NAME))?.version).toBe(VERSIONS.two);
    const fetched = await fetchVersion(store, NAME, VERSIONS.two, join(folder, 'cache'));
    expect(await readFile(join(fetched, 'model.onnx'), 'utf8')).toBe('two');
    expect(await readFile(join(fetched, 'vocabularies/item.parquet'), 'utf8')).toBe('PAR1');
    await rollbackVersion(store, NAME, { reason: 'test', at: new Date() });
    expect((await currentVersion(store, NAME))?.version).toBe(VERSIONS.one);
  });

  it('is scored: scores, rejects, manifest and _SUCCESS', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', inject('endpoint'));
    const store = openStore(`s3://${await makeBucket()}`);
    await store.put(KEY, 'rows');
    const [result] = await score(store);
    expect(result).toMatchObject({ status: 'succeeded', manifest: { rowsIn: 10, scored: 9, rejected: 1 } });
    const source = await text(store, `${FOLDER}_SUCCESS`);
    const parts = [0, 1].map((shard) => `${FOLDER}part-${source.slice(0, 8)}-0000${shard}.parquet`);
    expect(await keysOf(store, FOLDER)).toEqual([`${FOLDER}_SUCCESS`, `${FOLDER}_manifest.json`, ...parts]);
    expect(await text(store, parts[1] ?? '')).toBe(`scores of ${KEY}, shard 1`);
    expect(await keysOf(store, 'rejects/')).toHaveLength(1);
  });

  it('is left as it is where all is scored, and scored again where a file is replaced', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', inject('endpoint'));
    const store = openStore(`s3://${await makeBucket()}`);
    await store.put(KEY, 'rows');
    const first = await score(store);
    const earlier = { currentVersion: first[0]?.status === 'succeeded' ? first[0].manifest.model.version : null };
    expect(await score(store)).toEqual([{ ...first[0], earlier }]);
    await store.put(KEY, 'other rows');
    const [again] = await score(store);
    expect(again).toMatchObject({ status: 'succeeded' });
    expect(again).not.toEqual(first[0]);
    expect(await keysOf(store, FOLDER)).toHaveLength(4);
  });
});

describe('if the response to a write is lost', () => {
  const isPut = ({ method }: SeenRequest) => method === 'PUT';

  async function throughProxy<T>(work: (store: Store, proxy: FaultProxy) => Promise<T>): Promise<T> {
    const proxy = await startFaultProxy(inject('endpoint'));
    try {
      return await work(s3Store({ bucket: await makeBucket(), endpoint: proxy.endpoint }), proxy);
    } finally {
      await proxy.stop();
    }
  }

  async function scoreWithLoss(store: Store, proxy: FaultProxy, nth: number): Promise<number> {
    await store.put(KEY, 'rows');
    const before = proxy.requests.filter(isPut).length;
    proxy.inject({ when: isPut, nth, applied: true, answer: 'close' });
    const [result] = await score(store);
    expect(result, `write ${nth}`).toMatchObject({ status: 'succeeded', manifest: { rowsIn: 10, scored: 9 } });
    expect(await keysOf(store, FOLDER), `write ${nth}`).toHaveLength(4);
    return proxy.requests.filter(isPut).length - before;
  }

  it('a file is scored all the same, whichever write it is', async () => {
    const writes = await throughProxy((store, proxy) => scoreWithLoss(store, proxy, Number.POSITIVE_INFINITY));
    // Plan, two parts and receipts, rejects, outcome, pointer, two copies, manifest, _SUCCESS.
    expect(writes).toBe(12);
    for (let nth = 1; nth <= writes; nth += 1)
      expect(await throughProxy((store, proxy) => scoreWithLoss(store, proxy, nth))).toBe(writes + 1);
  });

  it('a promotion is kept', async () => {
    await throughProxy(async (store, proxy) => {
      const version = await publishModel(store, 'one');
      proxy.inject({ when: isPut, applied: true, answer: 'close' });
      const promoted = await promoteVersion(store, NAME, version, { expected: null, reason: 'test', at: new Date() });
      expect(promoted.version).toBe(VERSIONS.one);
      expect(await currentVersion(store, NAME)).toEqual(promoted);
    });
  });
});
