/** A funnel whose clicks only a cross can tell: trained, exported, published, scored, and trained on from. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { openScoringModel } from '../../../lib/engine/ort/scoring-model.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { permutationImportance } from '../../../lib/report/importance/importance.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { publishFeatures } from '../../../lib/scoring/rows/publish-features.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { writeCanary } from '../../../lib/table/candidates/canary.ts';
import { checkEntityTable } from '../../../lib/table/candidates/entity-table.ts';
import { checkLog } from '../../../lib/table/check/log.ts';
import { type Database, execute, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import { unknownShares, ValueCounter } from '../../../lib/table/encode/value-counts.ts';
import { readEncoder } from '../../../lib/table/fit/encoder-files.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { funnelTasks } from '../../../lib/training/held-out/funnel-tasks.ts';
import { type TrainedModel, train } from '../../../lib/training/train.ts';
import type { ChampionFiles, WarmStartReport } from '../../../lib/training/weights/warm-start.ts';
import { publishTrained } from '../../../training/publish-trained.ts';

const PAIR = '  pair: { type: cross, of: [segment, brand], entity: context, hash: 50000, dimension: 8 }\n';
const declare = (features: string) => `name: pairs
stages: { click: { label: click }, conversion: { label: conversion } }
log: { keys: [id] }
split: { hash: id, validation: 0.1, test: 0.2 }
entities: { user: { key: user_id }, item: { key: item_id } }
features:
  segment: { type: category, entity: user, dimension: 4 }
  brand: { type: category, entity: item, dimension: 4 }
${features}model: { hidden_units: [1] }
training: { epochs: 4, batch_size: 256, learning_rate: 0.01 }
`;

const USERS = `SELECT u AS user_id, CASE WHEN u % 50 > 0 THEN 's' || (u % 63 + 1) END AS segment FROM range(252) t(u)`;
const ITEMS = `SELECT i AS item_id, 'b' || (i % 63 + 1) AS brand FROM range(189) t(i)`;
const PAIRS = `SELECT r AS id, CAST(md5_number_lower('u' || r) % 252 AS INTEGER) AS user_id,
  CAST(md5_number_lower('i' || r) % 189 AS INTEGER) AS item_id FROM range(40000) t(r)`;
const WIDE = `SELECT id, user_id, item_id, segment, brand FROM (${PAIRS}) JOIN (${USERS}) USING (user_id) JOIN (${ITEMS}) USING (item_id)`;
/**
 * Whether segment and brand, as numbers of six bits, have an odd number of bits in common: a Hadamard matrix, in which
 * every row and every column is balanced and no two are alike. One row in twenty is the other way round. A network of
 * one hidden unit cannot make up such a matrix out of two embeddings.
 */
const LOG = `SELECT *, CAST(click = 1 AND id % 3 = 0 AS INTEGER) AS conversion FROM (
  SELECT *, (bit_count((user_id % 63 + 1) & (item_id % 63 + 1)) + CAST(id % 20 = 7 AS INTEGER)) % 2 AS click FROM (${WIDE})) ORDER BY id`;

let root: string;
let database: Database;
let withCross: TrainedModel;
let made = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cross-'));
  database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: root });
  await write('log.parquet', LOG);
  withCross = await make(PAIR);
}, 120_000);
afterAll(async () => {
  await database.close();
  await rm(root, { recursive: true });
});

async function write(name: string, sql: string): Promise<string> {
  const path = join(root, name);
  const options = name.endsWith('.csv') ? '(FORMAT csv, HEADER true)' : '(FORMAT parquet)';
  await execute(database, `COPY (${sql}) TO ${literal(path)} ${options}`);
  return path;
}

async function make(features: string, champion?: ChampionFiles, onWarmStart?: (report: WarmStartReport) => void) {
  const scratch = join(root, `training-${made++}`);
  await mkdir(scratch);
  const declarationText = declare(features);
  return train({
    declaration: parseDeclaration(declarationText, 'pairs.yaml'),
    declarationText,
    dataPath: join(root, 'log.parquet'),
    scratch,
    threads: 1,
    memoryLimitMiB: 512,
    ...(champion && { champion }),
    ...(onWarmStart && { onWarmStart }),
  });
}

const aucOf = ({ metrics }: TrainedModel) => metrics.tasks.find(({ task }) => task.name === 'ctr')?.auc.value ?? 0;

describe('a label that depends on a pair of values only', () => {
  it('is learned with a cross, and not without', async () => {
    expect(aucOf(withCross)).toBeGreaterThan(0.9);
    expect(Math.abs(aucOf(await make('')) - 0.5)).toBeLessThan(0.05);
  }, 120_000);
});

describe('a model with a cross', { timeout: 120_000 }, () => {
  const declaration = parseDeclaration(declare(PAIR), 'pairs.yaml');

  async function store(): Promise<Store> {
    const bucket = memoryStore();
    const at = new Date('2026-01-01T00:00:00Z');
    const version = await publishTrained(bucket, declaration, withCross, { threads: 1, at });
    await promoteVersion(bucket, 'pairs', version, { reason: 'first', at });
    for (const [entity, sql] of [
      ['user', USERS],
      ['item', ITEMS],
    ] as const) {
      const declared = declaration.entities.find((table) => table.entity === entity);
      if (declared === undefined) throw new Error(`${entity} has no table`);
      const table = await checkEntityTable(database, await write(`${entity}.parquet`, sql), declared, declaration);
      const dependencies = { store: bucket, now: () => new Date(), newWriterId: () => entity };
      await publishFeatures(dependencies, database, table, { date: '2026-01-02', buckets: 2, scratch: root });
    }
    return bucket;
  }

  /** The scores of candidate files, by name. */
  async function score(bucket: Store, names: readonly string[]) {
    const scratch = await mkdtemp(join(root, 'scratch-'));
    const loader = new ModelLoader(bucket, { scratch, threads: 1, memoryLimitMiB: 256 });
    const files = candidateFiles({ store: bucket, models: loader, scratch, shardRows: 10_000 });
    const results = await scoreLocal({
      store: bucket,
      models: registryModels(bucket, 'pairs'),
      files,
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch,
      queueOptions: { retryMs: 1 },
    });
    await loader.release();
    return Promise.all(
      names.map(async (name) => {
        const result = results.find(({ key }) => key === `candidates/${name}`);
        if (result?.status !== 'succeeded') throw new Error(`not scored: ${JSON.stringify(result)}`);
        const parts: string[] = [];
        for (const { key } of result.manifest.parts) parts.push(literal(await bucket.toFile(key, scratch)));
        const rows = `SELECT CAST(id AS VARCHAR) AS id, pctr, pcvr, pctcvr FROM read_parquet([${parts.join(', ')}])`;
        return query(database, rows);
      }),
    );
  }

  it('scores Parquet, CSV and pairs whose columns come from two tables to the same bits', async () => {
    const bucket = await store();
    const names = ['wide.parquet', 'wide.csv', 'pairs.parquet'];
    for (const name of names) {
      const rows = name.startsWith('wide') ? WIDE : PAIRS;
      await bucket.putFile(
        `candidates/${name}`,
        await write(name, `SELECT * FROM (${rows}) WHERE id < 3000 ORDER BY id`),
      );
    }
    const [wide = [], csv, pairs] = await score(bucket, names);
    expect(wide).toHaveLength(3000);
    expect(new Set(wide.map(({ pctr }) => pctr)).size).toBeGreaterThan(500);
    expect(csv).toEqual(wide);
    expect(pairs).toEqual(wide);
  });

  it('scores the canary', async () => {
    const bucket = await store();
    const path = join(root, 'canary.parquet');
    await writeCanary(database, declaration, path);
    await bucket.putFile('candidates/canary.parquet', path);
    const [rows] = await score(bucket, ['canary.parquet']);
    expect(rows).toEqual([
      { id: 'entirespace-doctor', pctr: expect.any(Number), pcvr: expect.any(Number), pctcvr: expect.any(Number) },
    ]);
  });

  it('begins the next training with its rows, unless the hash has another seed', async () => {
    const champion = { version: '20260101-000000-00000000', folder: withCross.folder };
    const reports: WarmStartReport[] = [];
    await make(PAIR, champion, (report) => reports.push(report));
    await make(PAIR.replace('hash: 50000', 'hash: { buckets: 50000, seed: 1 }'), champion, (report) =>
      reports.push(report),
    );
    expect(reports.map(({ tables }) => tables.pair)).toEqual([
      { kept: 50_001, rows: 50_001 },
      { kept: 0, rows: 50_001 },
    ]);
  });

  it('has the cross as its most important feature, of which no value is unknown', async () => {
    const log = await checkLog(database, await openSource(database, join(root, 'log.parquet')), declaration, {});
    const encoder = await readEncoder(database, withCross.folder);
    const counter = new ValueCounter(encoder);
    const model = await openScoringModel(withCross.folder, { threads: 1 });
    for await (const chunk of encodeLog(database, log, encoder, { parts: ['test'], chunkRows: 2000 })) {
      counter.add(chunk);
      if ((chunk.rowNumbers[0] ?? 0) > 4000) continue;
      const importance = await permutationImportance(
        model,
        { chunk, probabilities: await model.predict(chunk), labels: chunk.labels, weight: chunk.weight },
        {
          tasks: funnelTasks(declaration),
          features: encoder.features.map(({ name }) => name),
          seed: 1,
        },
      );
      expect(importance.ctr?.map(({ feature }) => feature)[0]).toBe('pair');
      expect(importance.ctr?.[0]?.lost).toBeGreaterThan(0.2);
    }
    await model.release();
    expect(Object.keys(unknownShares(counter.counts()))).toEqual(['segment', 'brand']);
  });
});
