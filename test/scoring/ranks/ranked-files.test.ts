/** Candidate files whose scores are computed and ranked, in local mode with everything real. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type LocalScoring, scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { fileStore } from '../../../lib/store/folder/file-store.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type Database, execute, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';

const DECLARATION = `
name: small
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [id] }
split: { hash: id, validation: 0.2, test: 0.2 }
features:
  city: { type: category, entity: user }
  price: { type: number, entity: item }
model: { hidden_units: [4] }
training: { epochs: 1, batch_size: 256 }
scoring: { score: "pctcvr * price / stock", rank: { within: user, top: 2 }, max_rejected: 0.2 }
`;
const KEY = 'candidates/day.parquet';

let root: string;
let store: Store;
let database: Database;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ranked-files-'));
  store = fileStore(join(root, 'bucket'));
  database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch: root });
  const log = `SELECT i AS id, 'city ' || (i % 7) AS city, (i % 13) / 4.0 AS price, (i % 3 = 0)::INT AS click, (i % 6 = 0)::INT AS conversion FROM range(1000) AS t(i)`;
  await execute(database, `COPY (${log}) TO ${literal(join(root, 'log.parquet'))} (FORMAT parquet)`);
  const declaration = parseDeclaration(DECLARATION, 'small.yaml');
  await mkdir(join(root, 'training'));
  const trained = await train({
    declaration,
    declarationText: DECLARATION,
    dataPath: join(root, 'log.parquet'),
    threads: 1,
    memoryLimitMiB: 256,
    scratch: join(root, 'training'),
  });
  const at = new Date('2026-01-01T00:00:00Z');
  const version = await publishTrained(store, declaration, trained, { threads: 1, at });
  await promoteVersion(store, 'small', version, { reason: 'first', at });
  const path = join(root, 'bucket', KEY);
  await mkdir(dirname(path), { recursive: true });
  // Rows of a user are in all shards; every 25th row divides by zero.
  const rows = `SELECT i AS id, 'city ' || (i % 7) AS city, 'user ' || (i % 9) AS user, (i % 5) / 4.0 AS price, (i % 25) AS stock FROM range(60) AS t(i)`;
  await execute(database, `COPY (${rows}) TO ${literal(path)} (FORMAT parquet)`);
});

afterAll(async () => {
  await database.close();
  await rm(root, { recursive: true });
});

async function score(from: Store, options: Partial<LocalScoring> = {}) {
  const scratch = await mkdtemp(join(root, 'scratch-'));
  const models = new ModelLoader(from, { scratch, threads: 1, memoryLimitMiB: 256 });
  const files = candidateFiles({ store: from, models, scratch, shardRows: 11 });
  const handlers = { planShards: planShardsHandler, scoreShard: scoreShardHandler };
  const results = await scoreLocal({
    store: from,
    models: registryModels(from, 'small'),
    files,
    handlers,
    scratch,
    concurrency: 2,
    ...options,
  });
  await models.release();
  const [result] = results;
  if (result?.status !== 'succeeded') throw new Error(JSON.stringify(results));
  return result.manifest;
}

it('ranks within groups over all shards, and counts what is scored, rejected and kept', async () => {
  const manifest = await score(store);
  expect(manifest).toMatchObject({
    rowsIn: 60,
    scored: 57,
    rejected: 3,
    rejectedByReason: { score_division_by_zero: 3 },
    ranking: { by: 'score', within: ['user'], top: 2, kept: 18 },
  });
  expect(manifest.parts).toHaveLength(6);
  expect(manifest.parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(18);

  const read = (pattern: string, order: string) =>
    query(database, `SELECT * FROM read_parquet(${literal(join(root, 'bucket', pattern))}) ORDER BY ${order}`);
  const all = await read(`_work/${manifest.source}/parts/*.parquet`, 'id');
  const better = (a: (typeof all)[number], b: (typeof all)[number]) =>
    a['#group'] === b['#group'] &&
    (Number(a.score) > Number(b.score) || (a.score === b.score && Number(a.id) < Number(b.id)));
  const expected = all
    .map(({ '#group': _, ...row }, i) => ({
      ...row,
      rank: BigInt(1 + all.filter((other) => better(other, all[i] as (typeof all)[number])).length),
    }))
    .filter(({ rank }) => rank <= 2n);
  const ranked = await read('scores/day.parquet/part-*.parquet', 'id');
  expect(ranked).toEqual(expected);
  expect(Object.keys(ranked[0] ?? {})).toEqual(['id', 'pctr', 'pcvr', 'pctcvr', 'score', 'rank']);
});

it('gives the same bytes from a store without files, and again', async () => {
  const memory = memoryStore();
  for await (const { key } of store.list('models/')) await memory.put(key, (await store.get(key)).body);
  await memory.put(KEY, (await store.get(KEY)).body);
  const digests = async (from: Store, options: Partial<LocalScoring> = {}) =>
    (await score(from, options)).parts.map(({ sha256 }) => sha256);
  const first = await digests(memory);
  expect(await digests(memory, { again: 'all' })).toEqual(first);
  expect(await digests(store)).toEqual(first);
});
