/** Pairs as candidates and the items' features as a table, over a bucket: what a plan names by its version is what is read. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { publishFeatures } from '../../../lib/scoring/rows/publish-features.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { checkEntityTable } from '../../../lib/table/candidates/entity-table.ts';
import { type Database, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { makeBucket } from '../emulator/resources.ts';

const ITEM = { entity: 'item', key: 'item_id', missing: 'reject' } as const;
const DECLARATION = `name: pairs
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
split: { hash: row, validation: 0.1, test: 0.2 }
entities: { item: { key: item_id } }
features:
  user_id: { type: category, entity: user, hash: 500 }
  color: { type: category, entity: item }
  price: { type: number, entity: item, log1p: true }
model: { hidden_units: [4] }
training: { epochs: 1 }
`;
const declaration = parseDeclaration(DECLARATION, 'pairs.yaml');
const rows = Array.from({ length: 2_000 }, (_, row) => row);
const pair = (row: number) => `${row},${(row * 31) % 400},item${(row * 17) % 50}`;
const features = (item: number) => `color ${item % 7},${(item * 13) / 10}`;
const csv = (header: string, lines: readonly string[]) => `${[header, ...lines].join('\n')}\n`;
const PAIRS = csv('row,user_id,item_id', rows.map(pair));
const WIDE = csv(
  'row,user_id,item_id,color,price,clicked,bought',
  rows.map((row) => `${pair(row)},${features((row * 17) % 50)},${Number(row % 3 === 0)},${Number(row % 6 === 0)}`),
);
const ITEMS = csv(
  'item_id,color,price',
  rows.slice(0, 50).map((item) => `item${item},${features(item)}`),
);
const settings = { threads: 1, memoryLimitMiB: 256 };

let folder: string;
let store: Store;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feature-tables-'));
  store = s3Store({ bucket: await makeBucket(), endpoint: inject('endpoint') });
  database = await openDatabase({ ...settings, scratch: folder });
  const scratch = join(folder, 'training');
  await mkdir(scratch);
  const dataPath = await write('log.csv', WIDE);
  const trained = await train({ declaration, declarationText: DECLARATION, dataPath, ...settings, scratch });
  const at = new Date();
  const version = await publishTrained(store, declaration, trained, { threads: 1, at });
  await promoteVersion(store, 'pairs', version, { reason: 'test', at });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

async function publishItems(text: string): Promise<void> {
  const table = await checkEntityTable(database, await write('items.csv', text), ITEM, declaration);
  const dependencies = { store, now: () => new Date(), newWriterId: () => crypto.randomUUID() };
  await publishFeatures(dependencies, database, table, { date: '2026-11-23', buckets: 4, scratch: folder });
}

async function scoresOf(key: string) {
  const paths: string[] = [];
  for await (const part of store.list(`scores/${key}/part-`)) paths.push(literal(await store.toFile(part.key, folder)));
  return query(database, `SELECT * FROM read_parquet([${paths.join(', ')}])`);
}

it('pairs get the bits of the wide file from the table that was there when they were planned', async () => {
  await publishItems(ITEMS);
  await store.put('candidates/pairs.csv', PAIRS);
  await store.put('candidates/wide.csv', WIDE);
  const loader = new ModelLoader(store, { ...settings, scratch: folder });
  const files = candidateFiles({ store, models: loader, scratch: folder, shardRows: 1_500 });
  let isReplaced = false;
  const results = await scoreLocal({
    store,
    models: registryModels(store, 'pairs'),
    files: {
      ...files,
      async scoreShard(request) {
        if (!isReplaced) await publishItems(ITEMS.replaceAll('color', 'colour').replace('colour', 'color'));
        isReplaced = true;
        return files.scoreShard(request);
      },
    },
    handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
    scratch: folder,
  });
  await loader.release();
  expect(results).toMatchObject([
    { status: 'succeeded', manifest: { scored: 2_000 } },
    { status: 'succeeded', manifest: { scored: 2_000 } },
  ]);
  const wide = await scoresOf('wide.csv');
  expect(wide).toHaveLength(2_000);
  expect(await scoresOf('pairs.csv')).toEqual(wide);
});
