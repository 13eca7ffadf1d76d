/** Pairs as candidates and features from tables, with everything real: a trained model, DuckDB and onnxruntime. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Declaration, EntityTable } from '../../../lib/config/declaration.ts';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { featureTables } from '../../../lib/scoring/rows/feature-tables.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { publishFeatures } from '../../../lib/scoring/rows/publish-features.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { fileStore } from '../../../lib/store/folder/file-store.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { checkEntityTable } from '../../../lib/table/candidates/entity-table.ts';
import { type Database, execute, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';

const DECLARATION = `
name: pairs
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [id] }
split: { hash: id, validation: 0.2, test: 0.2 }
entities:
  user: { key: user_id, missing: unknown }
  item: { key: item_id }
embeddings: { item: { dimension: 4 } }
features:
  city: { type: category, entity: user }
  age: { type: number, entity: user }
  seen: { type: bag, entity: user, delimiter: "|" }
  viewed: { type: sequence, entity: user, embedding: item, delimiter: "|", max_length: 3, pooling: attention, to: item_id }
  item_id: { type: category, entity: item, embedding: item }
  related: { type: sequence, entity: item, embedding: item, max_length: 2, pooling: lstm, to: item_id }
  price: { type: number, entity: item, log1p: true }
  hour: { type: category, entity: context }
model: { hidden_units: [4] }
training: { epochs: 1, batch_size: 256 }
scoring: { max_rejected: 0.5 }
`;
const ROWS = 500;
const USERS = `SELECT u AS user_id, 'city ' || (u % 7) AS city, CASE WHEN u % 5 > 0 THEN u / 4.0 END AS age,
  CASE WHEN u % 3 > 0 THEN 'i' || (u % 11) || '|i' || (u % 4) END AS seen,
  CASE WHEN u % 4 > 0 THEN array_to_string(range(u % 5, u % 5 + u % 6), '|') END AS viewed FROM range(60) t(u)`;
const ITEMS = `SELECT i AS item_id, (i % 13) * 1.25 AS price, range(i % 9, i % 9 + i % 4) AS related FROM range(40) t(i)`;
const PAIRS = `SELECT r AS id, (r * 31) % 60 AS user_id, (r * 17) % 40 AS item_id, r % 24 AS hour FROM range(${ROWS}) t(r)`;
const WIDE = `SELECT id, user_id, item_id, hour, city, age, seen, viewed, price, related FROM (${PAIRS}) JOIN (${USERS}) USING (user_id) JOIN (${ITEMS}) USING (item_id) ORDER BY id`;

const declaration: Declaration = parseDeclaration(DECLARATION, 'pairs.yaml');
let root: string;
let database: Database;
let models: Store;
/** Versioned, with the model alone at first. */
let store: Store;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'feature-tables-'));
  database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch: root });
  const labels = '(id % 3 = 0)::INT AS click, (id % 6 = 0)::INT AS conversion';
  const dataPath = await write('log.parquet', `SELECT *, ${labels} FROM (${WIDE})`);
  const scratch = join(root, 'training');
  await mkdir(scratch);
  const settings = { threads: 1, memoryLimitMiB: 256, scratch };
  const trained = await train({ declaration, declarationText: DECLARATION, dataPath, ...settings });
  models = fileStore(join(root, 'models'));
  await publishModel(models, trained);
});
beforeEach(async () => {
  store = memoryStore();
  await copyModel(store);
});
afterAll(async () => {
  await database.close();
  await rm(root, { recursive: true });
});

async function publishModel(to: Store, trained: Awaited<ReturnType<typeof train>>): Promise<void> {
  const at = new Date('2026-01-01T00:00:00Z');
  const version = await publishTrained(to, declaration, trained, { threads: 1, at });
  await promoteVersion(to, 'pairs', version, { reason: 'first', at });
}

async function copyModel(to: Store): Promise<void> {
  for await (const { key } of models.list('models/')) await to.put(key, (await models.get(key)).body);
}

async function write(name: string, sql: string): Promise<string> {
  const path = join(root, name);
  const options = name.endsWith('.csv') ? '(FORMAT csv, HEADER true)' : '(FORMAT parquet)';
  await execute(database, `COPY (${sql}) TO ${literal(path)} ${options}`);
  return path;
}

async function candidates(to: Store, name: string, sql: string): Promise<void> {
  await to.putFile(`candidates/${name}`, await write(name, sql));
}

async function publish(
  to: Store,
  entity: EntityTable['entity'],
  sql: string,
  { date = '2026-11-23', buckets = 3, name = `${entity}.parquet` } = {},
) {
  const declared = declaration.entities.find((table) => table.entity === entity) as EntityTable;
  const table = await checkEntityTable(database, await write(name, sql), declared, declaration);
  let writers = 0;
  const dependencies = { store: to, now: () => new Date(), newWriterId: () => `${date}-${writers++}` };
  return publishFeatures(dependencies, database, table, { date, buckets, scratch: root });
}

async function publishBoth(to: Store): Promise<void> {
  await publish(to, 'user', USERS);
  await publish(to, 'item', ITEMS, { buckets: 1 });
}

/** Scores what is there, in shards of 200 rows; `beforeScoring` comes once all files are planned. */
async function score(
  from: Store,
  {
    beforeScoring = async () => {},
    wholeTableBytes = 2 ** 20,
  }: { beforeScoring?: () => Promise<unknown>; wholeTableBytes?: number } = {},
): Promise<Record<string, FileResult>> {
  const scratch = await mkdtemp(join(root, 'scratch-'));
  const loader = new ModelLoader(from, { scratch, threads: 1, memoryLimitMiB: 256 });
  const files = candidateFiles({ store: from, models: loader, scratch, shardRows: 200, wholeTableBytes });
  let begun: Promise<unknown> | null = null;
  try {
    const results = await scoreLocal({
      store: from,
      models: registryModels(from, 'pairs'),
      files: {
        ...files,
        async scoreShard(request) {
          begun ??= beforeScoring();
          await begun;
          return files.scoreShard(request);
        },
      },
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch,
      queueOptions: { retryMs: 1 },
    });
    return Object.fromEntries(results.map((result) => [result.key.slice('candidates/'.length), result]));
  } finally {
    await loader.release();
    await rm(scratch, { recursive: true });
  }
}

/** Rows of the scores, ids as numbers whatever their type in the candidates. */
async function scoresOf(from: Store, result: FileResult | undefined): Promise<Record<string, unknown>[]> {
  if (result?.status !== 'succeeded') throw new Error(`not scored: ${JSON.stringify(result)}`);
  const folder = await mkdtemp(join(root, 'scores-'));
  const paths: string[] = [];
  for (const { key } of result.manifest.parts) paths.push(literal(await from.toFile(key, folder)));
  return query(
    database,
    `SELECT CAST(id AS INTEGER) AS id, pctr, pcvr, pctcvr FROM read_parquet([${paths.join(', ')}])`,
  );
}

const failureOf = (result: FileResult | undefined) =>
  result?.status === 'failed' ? [result.failure.reason, result.failure.message] : result?.status;

describe('pairs and tables', () => {
  const expectSame = async (from: Store, options = {}) => {
    await publishBoth(from);
    await candidates(from, 'wide.parquet', WIDE);
    await candidates(from, 'pairs.parquet', PAIRS);
    await candidates(from, 'pairs.csv', PAIRS);
    const text = '* REPLACE (user_id::VARCHAR AS user_id, item_id::VARCHAR AS item_id)';
    await candidates(from, 'text.parquet', `SELECT ${text} FROM (${PAIRS})`);
    const results = await score(from, options);
    const wide = await scoresOf(from, results['wide.parquet']);
    expect(new Set(wide.map(({ pctcvr }) => pctcvr)).size).toBeGreaterThan(100);
    for (const name of ['pairs.parquet', 'pairs.csv', 'text.parquet']) {
      expect(await scoresOf(from, results[name]), name).toEqual(wide);
      expect(results[name], name).toMatchObject({
        manifest: { rowsIn: ROWS, scored: ROWS, unknownEntities: { user: 0 } },
      });
    }
    expect(results['wide.parquet']).not.toHaveProperty('manifest.unknownEntities');
  };

  it('give the same bits as the wide file, from a folder', async () => {
    const folder = fileStore(join(await mkdtemp(join(root, 'folder-')), 'bucket'));
    await copyModel(folder);
    await expectSame(folder);
  });

  it('give the same bits as the wide file, from a store without local files', () => expectSame(store));

  it('give the same bits as the wide file where tables are too large to be kept', () =>
    expectSame(store, { wholeTableBytes: 1 }));

  it('give the same bits from tables of CSV', async () => {
    await publish(store, 'user', USERS, { name: 'user.csv' });
    await publish(store, 'item', ITEMS, { name: 'item.csv' });
    await candidates(store, 'wide.csv', WIDE);
    await candidates(store, 'pairs.parquet', PAIRS);
    const results = await score(store);
    expect(await scoresOf(store, results['pairs.parquet'])).toEqual(await scoresOf(store, results['wide.csv']));
  });

  it('may be mixed: a column of the candidates wins over the table, whatever its values', async () => {
    const other = 'CASE WHEN id % 2 = 0 THEN 50.0 END AS age';
    await publishBoth(store);
    await candidates(store, 'mixed.parquet', `SELECT *, ${other} FROM (${PAIRS})`);
    await candidates(store, 'wide.parquet', `SELECT * REPLACE (${other.replace(' AS age', '')} AS age) FROM (${WIDE})`);
    const results = await score(store);
    expect(await scoresOf(store, results['mixed.parquet'])).toEqual(await scoresOf(store, results['wide.parquet']));
  });

  it('pin no table where the file has every column', async () => {
    await publishBoth(store);
    await candidates(store, 'wide.parquet', WIDE);
    await score(store);
    for await (const { key } of store.list('_work/'))
      if (key.endsWith('plan.json'))
        expect(new TextDecoder().decode((await store.get(key)).body)).not.toContain('features/');
  });
});

describe('an entity that its table lacks', () => {
  it('is rejected, or scored as a missing one is and counted, as the declaration says', async () => {
    await publish(store, 'user', `${USERS} WHERE u <> 31`);
    await publish(store, 'item', `${ITEMS} WHERE i <> 34`);
    const sometimes = 'CASE WHEN id = 499 THEN NULL ELSE user_id END';
    await candidates(store, 'pairs.parquet', `SELECT * REPLACE (${sometimes} AS user_id) FROM (${PAIRS})`);
    const missing = 'CASE WHEN user_id <> 31 AND id <> 499 THEN';
    const gone = ['city', 'age', 'seen', 'viewed'].map((name) => `${missing} ${name} END AS ${name}`).join(', ');
    // The same rows are rejected, for another reason, so that the others stand where they stood.
    const price = "CASE WHEN item_id = 34 THEN 'inf'::DOUBLE ELSE price END AS price";
    const wide = `SELECT * REPLACE (${gone}, ${price}) FROM (${WIDE})`;
    await candidates(store, 'wide.parquet', wide);
    const results = await score(store);
    const [known, unknown] = [await scoresOf(store, results['wide.parquet']), results['pairs.parquet']];
    expect(await scoresOf(store, unknown)).toEqual(known);
    const users = known.filter(({ id }) => (Number(id) * 31) % 60 === 31 || id === 499).length;
    expect(unknown).toMatchObject({
      manifest: {
        scored: known.length,
        rejected: ROWS - known.length,
        rejectedByReason: { unknown_item: ROWS - known.length },
        unknownEntities: { user: users },
      },
    });
    if (unknown?.status !== 'succeeded') throw new Error('not scored');
    const [first = ''] = unknown.manifest.rejects;
    const path = await store.toFile(first, await mkdtemp(join(root, 'rejects-')));
    expect(await query(database, `SELECT * FROM read_parquet(${literal(path)}) LIMIT 1`)).toEqual([
      { row: 2n, reason: 'unknown_item', column: 'item_id', value: '34' },
    ]);
  });
});

describe('a plan', () => {
  it('takes the newest table that is complete', async () => {
    await publish(store, 'item', ITEMS);
    await publish(store, 'user', USERS, { date: '2026-11-22' });
    await store.put('features/user/dt=2026-11-24/bucket=00000.parquet', 'half of a table');
    await store.put('features/user/dt=soon/_manifest.json', '{}');
    await publish(store, 'user', USERS.replace("'city '", "'town '"), { date: '2026-11-21' });
    await candidates(store, 'wide.parquet', WIDE);
    await candidates(store, 'pairs.parquet', PAIRS);
    const results = await score(store);
    expect(await scoresOf(store, results['pairs.parquet'])).toEqual(await scoresOf(store, results['wide.parquet']));
  });

  it('fails at the first try where the manifest of the newest table is damaged', async () => {
    await publishBoth(store);
    const key = 'features/user/dt=2026-11-25/_manifest.json';
    await store.put(key, '{"formatVersion": 2,');
    await candidates(store, 'pairs.parquet', PAIRS);
    const message = `${key} is not JSON, got "{\\"formatVersion\\": 2," (in memory:)`;
    expect((await score(store))['pairs.parquet']).toMatchObject({
      status: 'failed',
      failure: { reason: 'unreadable', message },
    });
  });

  it('keeps its tables where they are replaced before the scoring', async () => {
    await publishBoth(store);
    await candidates(store, 'wide.parquet', WIDE);
    await candidates(store, 'pairs.parquet', PAIRS);
    const beforeScoring = async () => {
      await publish(store, 'user', `SELECT * REPLACE ('gone' AS city, 0 AS age) FROM (${USERS})`, { buckets: 1 });
      await publish(store, 'item', `SELECT * REPLACE (0 AS price) FROM (${ITEMS})`, { date: '2026-11-24' });
    };
    const results = await score(store, { beforeScoring });
    expect(await scoresOf(store, results['pairs.parquet'])).toEqual(await scoresOf(store, results['wide.parquet']));
  });

  it('fails, naming every column and where tables were looked for, where there is no table', async () => {
    await publish(store, 'item', ITEMS);
    await candidates(store, 'pairs.parquet', `SELECT * EXCLUDE (hour, user_id) FROM (${PAIRS})`);
    expect(failureOf((await score(store))['pairs.parquet'])).toEqual([
      'columns_missing',
      'candidate columns missing: user_id, city, age, seen, viewed, hour (in candidates/pairs.parquet and features/user/, which has no table and features/item/dt=2026-11-23/)',
    ]);
  });

  it('fails where the key is of a type that cannot be joined', async () => {
    await publishBoth(store);
    await candidates(store, 'pairs.parquet', `SELECT * REPLACE (true AS user_id) FROM (${PAIRS})`);
    expect(failureOf((await score(store))['pairs.parquet'])).toEqual([
      'column_types',
      'candidate columns of a wrong type: user_id is BOOLEAN, expected a number or text (in candidates/pairs.parquet and features/user/dt=2026-11-23/ and features/item/dt=2026-11-23/)',
    ]);
  });

  it.each([{ wholeTableBytes: 2 ** 20 }, { wholeTableBytes: 1 }])(
    'fails in a folder, which keeps no versions, where a table is replaced before the scoring: $wholeTableBytes',
    async (options) => {
      const folder = fileStore(join(await mkdtemp(join(root, 'folder-')), 'bucket'));
      await copyModel(folder);
      await publishBoth(folder);
      await candidates(folder, 'pairs.parquet', PAIRS);
      const bucket = 'features/user/dt=2026-11-23/bucket=00000.parquet';
      const beforeScoring = async () => folder.put(bucket, (await folder.get(bucket)).body);
      const { versionId } = (await folder.head(bucket)) ?? { versionId: '' };
      expect(failureOf((await score(folder, { ...options, beforeScoring }))['pairs.parquet'])).toEqual([
        'feature_version_gone',
        `version ${versionId} of ${bucket} is gone: it was replaced or deleted after the file was planned with it`,
      ]);
    },
  );

  it('fails where the manifest that it names is gone', async () => {
    const folder = fileStore(join(await mkdtemp(join(root, 'folder-')), 'bucket'));
    await copyModel(folder);
    await publishBoth(folder);
    await candidates(folder, 'pairs.parquet', PAIRS);
    const beforeScoring = () => folder.delete('features/item/dt=2026-11-23/_manifest.json');
    expect(failureOf((await score(folder, { beforeScoring }))['pairs.parquet'])).toEqual([
      'feature_version_gone',
      expect.stringMatching(/^version \S+ of features\/item\/dt=2026-11-23\/_manifest\.json is gone: /),
    ]);
  });
});

describe('copies of tables', () => {
  it('are made once for all shards and files', async () => {
    await publish(store, 'item', ITEMS);
    const fetched: string[] = [];
    const counting: Store = {
      ...store,
      toFile(key, scratch, versionId) {
        if (key.startsWith('features/user/')) fetched.push(key);
        return store.toFile(key, scratch, versionId);
      },
    };
    await publish(store, 'user', USERS);
    await candidates(store, 'a.parquet', PAIRS);
    await candidates(store, 'b.csv', PAIRS);
    await score(counting);
    expect(fetched.toSorted()).toEqual([0, 1, 2].map((n) => `features/user/dt=2026-11-23/bucket=0000${n}.parquet`));
  });
});

describe('copies of tables that were used before', () => {
  it('are removed, but for the last four', async () => {
    const folder = await mkdtemp(join(root, 'copies-'));
    const tables = featureTables({ store, folder });
    const { relation } = await openSource(database, await write('rows.parquet', PAIRS));
    const reader = { declaration, encoder: { features: declaration.features } };
    for (const date of ['01', '02', '03', '04', '05', '06'].map((day) => `2026-11-${day}`)) {
      await publish(store, 'user', USERS, { date, buckets: 1 });
      const pins = (await tables.find(relation.columns, reader)).flatMap(({ pin }) => pin ?? []);
      const scratch = await mkdtemp(join(root, 'join-'));
      const joined = await tables.join(relation, { ...reader, database, tables: pins, scratch });
      expect(joined.joined).toEqual([
        { entity: 'user', key: 'user_id', missing: 'unknown', place: `features/user/dt=${date}/` },
      ]);
    }
    expect(await readdir(folder)).toHaveLength(4);
  });
});

describe('publishing', () => {
  const keysOf = async (prefix: string) => {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix)) keys.push(key);
    return keys;
  };

  it('writes the manifest last, with the version of every bucket', async () => {
    const written: string[] = [];
    const noting: Store = {
      ...store,
      put(key, ...rest) {
        written.push(key);
        return store.put(key, ...rest);
      },
      putFile(key, ...rest) {
        written.push(key);
        return store.putFile(key, ...rest);
      },
    };
    const manifest = await publish(noting, 'user', USERS);
    const folder = 'features/user/dt=2026-11-23/';
    const buckets = [0, 1, 2].map((n) => `${folder}bucket=0000${n}.parquet`);
    expect(written).toEqual([...buckets, `${folder}_manifest.json`]);
    expect(manifest).toMatchObject({
      rows: 60,
      buckets: 3,
      key: 'user_id',
      hash: 'md5_lower_64("0:" + key) % buckets',
    });
    for (const { key, versionId, etag, bytes } of manifest.files)
      expect(await store.head(key)).toMatchObject({ versionId, etag, size: bytes });
    expect(JSON.parse(new TextDecoder().decode((await store.get(`${folder}_manifest.json`)).body))).toEqual(manifest);
  });

  it('leaves buckets that are the same as they are, and deletes those that are too many', async () => {
    const first = await publish(store, 'user', USERS);
    expect((await publish(store, 'user', USERS)).files).toEqual(first.files);
    await publish(store, 'user', USERS, { buckets: 1 });
    expect(await keysOf('features/')).toEqual([
      'features/user/dt=2026-11-23/_manifest.json',
      'features/user/dt=2026-11-23/bucket=00000.parquet',
    ]);
  });

  it('ends without a manifest where it is stopped, and leaves nothing in scratch', async () => {
    const before = await readdir(root);
    const failing: Store = { ...store, putFile: () => Promise.reject(new Error('no more room')) };
    await expect(publish(failing, 'user', USERS)).rejects.toThrow('no more room');
    expect(await keysOf('features/')).toEqual([]);
    expect((await readdir(root)).filter((name) => !before.includes(name) && name.startsWith('features-'))).toEqual([]);
  });

  it('is refused where another run wrote the same table in the meantime', async () => {
    const meanwhile: Store = {
      ...store,
      async putFile(key, path, options) {
        await store.put('features/user/dt=2026-11-23/_manifest.json', await readFile(path));
        return store.putFile(key, path, options);
      },
    };
    await expect(publish(meanwhile, 'user', USERS)).rejects.toThrow(
      'features/user/dt=2026-11-23/_manifest.json changed while the table was being written: run it again (in memory:)',
    );
  });
});
