/**
 * The example's customers as a published feature table of 64,000 users, with candidates that have only the customer's
 * key and the e-mail.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { publishFeatures } from '../../../lib/scoring/rows/publish-features.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { fileStore } from '../../../lib/store/folder/file-store.ts';
import { checkEntityTable } from '../../../lib/table/candidates/entity-table.ts';
import { execute, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/hillstrom/', import.meta.url));
const LOG = `${EXAMPLE}hillstrom.parquet`;
const CUSTOMER = { entity: 'user', key: 'row', missing: 'reject' } as const;
const settings = { threads: 2, memoryLimitMiB: 512 };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hillstrom-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('candidates with joined features get the same scores, to the bit, as candidates with all columns', async () => {
  const text = (await readFile(`${EXAMPLE}entirespace.yaml`, 'utf8')).replace('epochs: 25', 'epochs: 1');
  const declarationText = `${text}\nentities: { user: { key: row } }\n`;
  const declaration = parseDeclaration(declarationText, 'entirespace.yaml');
  const store = fileStore(join(folder, 'bucket'));
  const trained = await train({ declaration, declarationText, dataPath: LOG, scratch: folder, ...settings });
  const at = new Date();
  const version = await publishTrained(store, declaration, trained, { threads: 2, at });
  await promoteVersion(store, declaration.name, version, { reason: 'test', at });

  const database = await openDatabase({ ...settings, scratch: folder });
  const models = new ModelLoader(store, { ...settings, scratch: folder });
  try {
    const write = async (key: string, sql: string, format: string) => {
      await execute(database, `COPY (${sql}) TO ${literal(join(folder, 'file'))} (FORMAT ${format})`);
      await store.putFile(key, join(folder, 'file'));
    };
    await write('candidates/pairs.csv', `SELECT "row", segment FROM '${LOG}'`, 'csv, HEADER');
    await write('candidates/wide.parquet', `SELECT * FROM '${LOG}'`, 'parquet');
    const table = await checkEntityTable(database, LOG, CUSTOMER, declaration);
    const dependencies = { store, now: () => at, newWriterId: () => 'writer' };
    await publishFeatures(dependencies, database, table, { date: '2026-11-23', buckets: 5, scratch: folder });

    const results = await scoreLocal({
      store,
      models: registryModels(store, declaration.name),
      // The table counts as too large to be kept whole, so that the buckets of each shard are read one after another.
      files: candidateFiles({ store, models, scratch: folder, shardRows: 40_000, wholeTableBytes: 1 }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch: folder,
    });
    expect(results).toMatchObject([{ manifest: { scored: 64_000 } }, { manifest: { scored: 64_000 } }]);
    const scores = (name: string) =>
      `(SELECT "row"::BIGINT AS id, * FROM read_parquet('${folder}/bucket/scores/${name}/part-*.parquet'))`;
    const same = ['pctr', 'pcvr', 'pctcvr'].map((name) => `a.${name} = b.${name}`).join(' AND ');
    const compared = `SELECT count(*) AS rows, count(*) FILTER (${same}) AS same, count(DISTINCT a.pctcvr) > 10000 AS differ
      FROM ${scores('pairs.csv')} a JOIN ${scores('wide.parquet')} b USING (id)`;
    expect(await query(database, compared)).toEqual([{ rows: 64_000n, same: 64_000n, differ: true }]);
  } finally {
    await models.release();
    await database.close();
  }
});
