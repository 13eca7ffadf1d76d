/** Scores as CSV of a file with several shards, with everything real: what readers get, whatever a run was killed in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import type { ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type Database, openDatabase, query } from '../../../lib/table/database.ts';
import { csv, items, openShop, type Shop } from '../../online/shop.ts';
import { type Gate, gated } from '../world/gated-store.ts';
import { instantClock } from '../world/local-run.ts';

// The candidates have no price: it comes from the table of the items.
const RANKED = 'scoring: { score: pctcvr * price, rank: { by: score, within: user_id, top: 4 }, format: csv.gz }\n';
const CANDIDATES = Array.from({ length: 300 }, (_, row) => ({
  row,
  user_id: row % 45,
  item_id: row % 50 === 7 ? 'nobody' : `i${row % 30}`,
  hour: (row % 24) / 7,
}));
const SHARDS = 3;

interface OpenShop extends Shop {
  readonly models: ModelLoader;
}

let plain: OpenShop;
let ranked: OpenShop;
let database: Database;

async function openScoring(scoring: string): Promise<OpenShop> {
  const shop = await openShop(scoring);
  await shop.promote(1);
  await shop.publishTables('2026-01-01');
  const models = new ModelLoader(shop.store, { scratch: shop.folder, threads: 1, memoryLimitMiB: 256 });
  return { ...shop, models };
}

beforeAll(async () => {
  plain = await openScoring('scoring: { format: csv }\n');
  ranked = await openScoring(RANKED);
  database = await openDatabase({ scratch: plain.folder, threads: 1, memoryLimitMiB: 256 });
});
afterAll(async () => {
  await database.close();
  for (const { models, remove } of [plain, ranked]) {
    await models.release();
    await remove();
  }
});

/** Scores a file of the shop in shards of 100 rows; the protocol's calls go to `through`. */
async function score(shop: OpenShop, name: string, through: Store = shop.store): Promise<ScoresManifest> {
  const { store, models, folder } = shop;
  const [result] = await scoreLocal({
    store: through,
    models: registryModels(store, 'shop'),
    files: candidateFiles({ store, models, scratch: folder, shardRows: CANDIDATES.length / SHARDS }),
    handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
    keys: [`candidates/${name}.csv`],
    scratch: folder,
    queueOptions: { clock: instantClock() },
  });
  if (result?.status !== 'succeeded') throw new Error(JSON.stringify(result));
  return result.manifest;
}

/** A store that is killed right after the n-th call of those that change a key which matches. */
function killedAfter(store: Store, key: RegExp, times: number): Store {
  let left = times;
  const gate: Gate = async (operation, act) => {
    if (left <= 0) throw new Error('killed');
    const answer = await act({ store, queue: { send: async () => undefined } });
    if (operation.changes && key.test(operation.key)) left--;
    return answer;
  };
  return gated(gate, store.url).store;
}

function partsOf({ folder }: Shop, { parts }: ScoresManifest): Promise<Buffer[]> {
  return Promise.all(parts.map(({ key }) => readFile(join(folder, 'bucket', key))));
}

/** Rows in their order as DuckDB reads files by their names alone, the outputs as float32. */
function read({ folder }: Shop, pattern: string, order = 'row') {
  const files = `'${join(folder, 'bucket', pattern)}'`;
  const floats = ['pctr', 'pcvr', 'pctcvr'].map((name) => `${name}::FLOAT AS ${name}`);
  return query(database, `SELECT * REPLACE (row::BIGINT AS row, ${floats.join(', ')}) FROM ${files} ORDER BY ${order}`);
}

it('has one header in each part, and the floats of Parquet', async () => {
  await plain.store.put('candidates/day.csv', csv(CANDIDATES));
  await ranked.store.put('candidates/day.csv', csv(CANDIDATES));
  const manifest = await score(plain, 'day');
  expect(manifest).toMatchObject({ rowsIn: 300, scored: 294, rejected: 6 });
  const texts = (await partsOf(plain, manifest)).map((bytes) => bytes.toString('utf8'));
  expect(texts).toHaveLength(SHARDS);
  for (const [shard, text] of texts.entries()) {
    const lines = text.split('\n');
    expect(lines.filter((line) => line === 'row,pctr,pcvr,pctcvr')).toEqual([lines[0]]);
    expect(lines).toHaveLength((manifest.parts[shard]?.rows ?? 0) + 2);
  }
  const { source } = await score(ranked, 'day');
  const floats = `SELECT row::BIGINT AS row, pctr, pcvr, pctcvr FROM '${join(ranked.folder, 'bucket', `_work/${source}/parts/*.parquet`)}' ORDER BY 1`;
  const expected = await query(database, floats);
  expect(expected).toHaveLength(294);
  expect(await read(plain, 'scores/day.csv/part-*.csv')).toEqual(expected);
});

it('has ranks within groups of all shards, as DuckDB ranks them', async () => {
  await ranked.store.put('candidates/ranks.csv', csv(CANDIDATES));
  const manifest = await score(ranked, 'ranks');
  const parts = `'${join(ranked.folder, 'bucket', `_work/${manifest.source}/parts/*.parquet`)}'`;
  const columns = 'row::BIGINT AS row, pctr, pcvr, pctcvr, score';
  const expected = await query(
    database,
    `SELECT ${columns}, row_number() OVER (PARTITION BY "#group" ORDER BY score DESC, row::BIGINT) AS rank FROM ${parts} QUALIFY rank <= 4 ORDER BY 1`,
  );
  const found = await read(ranked, 'scores/ranks.csv/part-*.csv.gz');
  expect(found).toEqual(expected);
  expect(manifest.ranking).toMatchObject({ top: 4, kept: found.length });
  for (const { row, pctcvr, score: value } of found) {
    const price = items.find(({ item_id }) => item_id === CANDIDATES[Number(row)]?.item_id)?.price;
    expect(value).toBeCloseTo((pctcvr as number) * (price ?? Number.NaN), 12);
  }
  expect(
    new Set((await partsOf(ranked, manifest)).map((bytes) => gunzipSync(bytes).toString().split('\n')[0])),
  ).toEqual(new Set(['row,pctr,pcvr,pctcvr,score,rank']));
});

describe('a run that is killed', () => {
  const KILLS = [
    ['plain', 'after two parts', /\/parts\//, 2],
    ['ranked', 'after two ranked parts', /\/ranked\//, 2],
    ['ranked', 'after two copies', /^scores\/.*\/part-/, 2],
  ] as const;

  it.each(KILLS)('%s, %s, is continued to the same bytes', async (kind, when, key, times) => {
    const shop = kind === 'plain' ? plain : ranked;
    const killed = `killed ${when}`;
    await shop.store.put(`candidates/${killed}.csv`, csv(CANDIDATES));
    await expect(score(shop, killed, killedAfter(shop.store, key, times))).rejects.toThrow('killed');
    expect(await shop.store.head(`scores/${killed}.csv/_SUCCESS`)).toBe(null);

    const manifest = await score(shop, killed);
    const parts = await partsOf(shop, manifest);
    expect(parts).toEqual(await partsOf(shop, await score(shop, 'day')));
    expect(manifest).toMatchObject({ rowsIn: 300, scored: 294, rejected: 6 });
    const names: string[] = [];
    for await (const { key: found } of shop.store.list(`scores/${killed}.csv/`)) names.push(found);
    expect(names.filter((name) => name.includes('/part-'))).toEqual(manifest.parts.map((part) => part.key));
  });
});
