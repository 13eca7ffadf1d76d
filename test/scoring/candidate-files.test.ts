/** Candidate files scored in local mode with everything real: a trained model in a registry, DuckDB and onnxruntime. */
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planShardsHandler } from '../../functions/plan-shards.ts';
import { scoreShardHandler } from '../../functions/score-shard.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../lib/registry/current.ts';
import { candidateFiles } from '../../lib/scoring/candidate-files.ts';
import { type FileResult, type LocalScoring, scoreLocal } from '../../lib/scoring/local.ts';
import { ModelLoader } from '../../lib/scoring/models.ts';
import type { CandidateFiles } from '../../lib/scoring/ports.ts';
import { registryModels } from '../../lib/scoring/registry-models.ts';
import { fileStore } from '../../lib/store/file-store.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { type Database, execute, literal, openDatabase, query } from '../../lib/table/database.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { train } from '../../training/train.ts';

const DECLARATION = `
name: small
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [id], outcomes: [] }
split: { hash: id, validation: 0.2, test: 0.2 }
features:
  city: { type: category, entity: user }
  price: { type: number, entity: item }
model: { hidden_units: [4] }
training: { epochs: 1, batch_size: 256 }
scoring: { max_rejected: 0.2 }
`;
const ROWS = 50;
const SHARD_ROWS = 20;

let root: string;
let store: Store;
let database: Database;
let version: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'candidate-files-'));
  store = fileStore(join(root, 'bucket'));
  database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch: root });
  const log = `SELECT i AS id, 'city ' || (i % 7) AS city, (i % 13) / 4.0 AS price, (i % 3 = 0)::INT AS click, (i % 6 = 0)::INT AS conversion FROM range(1000) AS t(i)`;
  await execute(database, `COPY (${log}) TO ${literal(join(root, 'log.parquet'))} (FORMAT parquet)`);
  await mkdir(join(root, 'training'));
  const declaration = parseDeclaration(DECLARATION, 'small.yaml');
  const settings = { threads: 1, memoryLimitMiB: 256, scratch: join(root, 'training') };
  const trained = await train({
    declaration,
    declarationText: DECLARATION,
    dataPath: join(root, 'log.parquet'),
    ...settings,
  });
  const at = new Date('2026-01-01T00:00:00Z');
  version = await publishTrained(store, declaration, trained, { threads: 1, at });
  await promoteVersion(store, 'small', version, { reason: 'first', at });
});

afterAll(async () => {
  await database.close();
  await rm(root, { recursive: true });
});

describe('candidate files', () => {
  it('get the same scores as Parquet and as CSV, shard by shard, in their order', async () => {
    await writeCandidates('a.parquet', 'FORMAT parquet');
    await writeCandidates('a.csv', 'FORMAT csv');
    const results = await score({ keys: ['candidates/a.parquet', 'candidates/a.csv'] });
    for (const result of results)
      expect(result).toMatchObject({
        status: 'succeeded',
        manifest: { model: { name: 'small', version }, rowsIn: 50, scored: 47, rejected: 3, parts: [{}, {}, {}] },
      });
    const [parquet, csv] = await Promise.all([scoresOf('a.parquet'), scoresOf('a.csv')]);
    expect(parquet.map(({ id }) => Number(id))).toEqual(
      Array.from({ length: ROWS }, (_, id) => id).filter((id) => id % 20 !== 7),
    );
    expect(Object.keys(parquet[0] ?? {})).toEqual(['id', 'pctr', 'pcvr', 'pctcvr']);
    expect(csv.map(({ pctr, pcvr, pctcvr }) => [pctr, pcvr, pctcvr])).toEqual(
      parquet.map(({ pctr, pcvr, pctcvr }) => [pctr, pcvr, pctcvr]),
    );
  });

  it('leave their bad rows under rejects/, with their positions in the file', async () => {
    await writeCandidates('bad.parquet', 'FORMAT parquet');
    const [result] = await score({ keys: ['candidates/bad.parquet'] });
    if (result?.status !== 'succeeded') throw new Error(`not scored: ${JSON.stringify(result)}`);
    expect(result.manifest.rejectedByReason).toEqual({ missing_key: 3 });
    const paths = result.manifest.rejects.map((key) => join(root, 'bucket', key));
    expect(paths).toHaveLength(3);
    const rejects = await query(database, `SELECT row, reason FROM read_parquet(${sqlList(paths)}) ORDER BY row`);
    expect(rejects.map(({ row, reason }) => [Number(row), reason])).toEqual([
      [7, 'missing_key'],
      [27, 'missing_key'],
      [47, 'missing_key'],
    ]);
  });

  it('are scored the same from a store that has no local files', async () => {
    await writeCandidates('copied.parquet', 'FORMAT parquet');
    const memory = memoryStore();
    for await (const { key } of store.list('models/')) await memory.put(key, (await store.get(key)).body);
    await memory.put('candidates/copied.parquet', (await store.get('candidates/copied.parquet')).body);
    const inMemory = await score({ store: memory });
    const inFolder = await score({ keys: ['candidates/copied.parquet'] });
    const digests = (results: readonly FileResult[]) =>
      results.flatMap((result) =>
        result.status === 'succeeded' ? result.manifest.parts.map(({ sha256 }) => sha256) : [],
      );
    expect(digests(inMemory)).toHaveLength(3);
    expect(digests(inMemory)).toEqual(digests(inFolder));
  });

  it('may have no rows', async () => {
    await writeCandidates('empty.parquet', 'FORMAT parquet', 'LIMIT 0');
    const [result] = await score({ keys: ['candidates/empty.parquet'] });
    expect(result).toMatchObject({ status: 'succeeded', manifest: { rowsIn: 0, parts: [] } });
  });

  it('fail at once, with a sentence, where they can never be scored', async () => {
    await writeCandidates('cut.parquet', 'FORMAT parquet');
    const bytes = await readFile(pathOf('cut.parquet'));
    await writeFile(pathOf('cut.parquet'), bytes.subarray(0, bytes.length / 2));
    await writeFile(pathOf('columns.csv'), 'id,color\n1,red\n');
    await writeFile(pathOf('false.parquet'), 'id,city,price\n1,a,2\n');
    const keys = ['candidates/cut.parquet', 'candidates/columns.csv', 'candidates/false.parquet'];
    const results = await score({ keys });
    const reasons = results.map((result) =>
      result.status === 'failed' ? [result.failure.reason, result.failure.message] : [],
    );
    expect(reasons).toEqual([
      ['cut_off', expect.stringContaining('candidates/cut.parquet')],
      ['columns_missing', 'candidate columns missing: city, price (in candidates/columns.csv)'],
      ['wrong_format', expect.stringContaining('candidates/false.parquet')],
    ]);
    expect(JSON.parse(await readFile(join(root, 'bucket/scores/columns.csv/_FAILED.json'), 'utf8'))).toMatchObject({
      reason: 'columns_missing',
      key: 'candidates/columns.csv',
    });
  });

  it('fail where they are replaced while they are scored, and the new version is scored next', async () => {
    await writeCandidates('replaced.parquet', 'FORMAT parquet');
    await writeCandidates('next.parquet', 'FORMAT parquet', 'LIMIT 10');
    const keys = ['candidates/replaced.parquet'];
    const replacing = (files: CandidateFiles): CandidateFiles => ({
      ...files,
      async scoreShard(request) {
        if (request.shard === 1) await rename(pathOf('next.parquet'), pathOf('replaced.parquet'));
        return files.scoreShard(request);
      },
    });
    const [failed] = await score({ keys }, replacing);
    expect(failed).toMatchObject({ status: 'failed', failure: { reason: 'source_version_gone' } });
    const [scored] = await score({ keys });
    expect(scored).toMatchObject({ status: 'succeeded', manifest: { rowsIn: 10 } });
    expect((await scoresOf('replaced.parquet')).length).toBe(9);
  });

  it('are tried again, and then fail, where the model is not what its manifest says', async () => {
    await writeCandidates('corrupted.parquet', 'FORMAT parquet');
    const model = join(root, 'bucket/models/small', version, 'model.onnx');
    const intact = await readFile(model);
    await appendFile(model, 'x');
    const [result] = await score({ keys: ['candidates/corrupted.parquet'] });
    await writeFile(model, intact);
    expect(result).toMatchObject({
      status: 'failed',
      failure: { reason: 'retries_exhausted', message: expect.stringContaining('does not match its manifest') },
    });
    const [again] = await score({ keys: ['candidates/corrupted.parquet'], again: 'failed' });
    expect(again).toMatchObject({ status: 'succeeded' });
  });
});

describe('the loader of models', () => {
  it('keeps the two versions that were used last', async () => {
    const loader = new ModelLoader(store, { scratch: root, threads: 1, memoryLimitMiB: 256 });
    const versions = [version, ...(await copiesOf(version, ['20260102-000000', '20260103-000000']))];
    const [first, second, third] = versions.map((name) => () => loader.load({ name: 'small', version: name }));
    const loaded = await first?.();
    await second?.();
    expect(await first?.()).toBe(loaded);
    await third?.();
    expect(await first?.()).toBe(loaded);
    await second?.();
    await third?.();
    expect(await first?.()).not.toBe(loaded);
    await loader.release();
  });
});

/** Publishes the same files under further versions. */
async function copiesOf(original: string, times: readonly string[]): Promise<string[]> {
  const copies = times.map((time) => `${time}${original.slice(time.length)}`);
  for (const copy of copies) {
    for await (const { key } of store.list(`models/small/${original}/`)) {
      const { body } = await store.get(key);
      const text = key.endsWith('manifest.json') ? new TextDecoder().decode(body).replaceAll(original, copy) : body;
      await store.put(key.replace(original, copy), text);
    }
  }
  return copies;
}

/** Scores in local mode, as the command does, and leaves nothing behind in scratch. */
async function score(
  options: Partial<LocalScoring>,
  wrap: (files: CandidateFiles) => CandidateFiles = (files) => files,
): Promise<FileResult[]> {
  const scratch = await mkdtemp(join(root, 'scratch-'));
  const from = options.store ?? store;
  const models = new ModelLoader(from, { scratch, threads: 1, memoryLimitMiB: 256 });
  try {
    return await scoreLocal({
      store: from,
      models: registryModels(from, 'small'),
      files: wrap(candidateFiles({ store: from, models, scratch, shardRows: SHARD_ROWS })),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch,
      queueOptions: { retryMs: 1 },
      ...options,
    });
  } finally {
    await models.release();
    await rm(scratch, { recursive: true });
  }
}

/** Fifty rows; three of them, one in each shard, have no key. */
async function writeCandidates(name: string, format: string, limit = ''): Promise<void> {
  await mkdir(join(root, 'bucket/candidates'), { recursive: true });
  const rows = `SELECT CASE WHEN i % 20 = 7 THEN NULL ELSE i END AS id, 'city ' || (i % 9) AS city, (i % 11) / 4.0 AS price FROM range(${ROWS}) AS t(i) ${limit}`;
  await execute(database, `COPY (${rows}) TO ${literal(pathOf(name))} (${format})`);
}

function pathOf(name: string): string {
  return join(root, 'bucket/candidates', name);
}

function scoresOf(name: string) {
  const parts = literal(join(root, 'bucket/scores', name, 'part-*.parquet'));
  return query(database, `SELECT * FROM read_parquet(${parts})`);
}

function sqlList(paths: readonly string[]): string {
  return `[${paths.map(literal).join(', ')}]`;
}
