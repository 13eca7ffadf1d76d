/** Candidate files scored in local mode with everything real: a trained model in a registry, DuckDB and onnxruntime. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, type LocalScoring, scoreLocal } from '../../../lib/scoring/local/local.ts';
import { fileVersion } from '../../../lib/scoring/protocol/keys.ts';
import type { CandidateFiles, ModelVersion } from '../../../lib/scoring/protocol/ports.ts';
import { type CandidateFilesOptions, candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { fileStore } from '../../../lib/store/folder/file-store.ts';
import { type MemoryStore, memoryStore } from '../../../lib/store/memory-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type Database, execute, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { readRepeated, sizeOfRepeated, withRepeated } from '../../store/repeated-object.ts';
import { repeatParquet } from '../../table/repeated-parquet.ts';

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

  it('get the same scores from gzip as from plain CSV, cut into pieces by the planner', async () => {
    await writeCandidates('plain.csv', 'FORMAT csv');
    await writeFile(pathOf('zipped.csv.gz'), gzipSync(await readFile(pathOf('plain.csv'))));
    const results = await score({ keys: ['candidates/plain.csv', 'candidates/zipped.csv.gz'] });
    expect(results).toMatchObject([
      { status: 'succeeded', manifest: { rowsIn: 50, scored: 47, rejected: 3 } },
      { status: 'succeeded', manifest: { rowsIn: 50, scored: 47, rejected: 3, parts: [{}, {}, {}] } },
    ]);
    expect(await scoresOf('zipped.csv.gz')).toEqual(await scoresOf('plain.csv'));
  });

  it('are read by the ranges that are needed, and give the same scores as the whole file', async () => {
    // A feature's column, a key and 20 MB of a column that is not needed; 5,000 rows in each row group.
    const rows = `SELECT i AS id, 'city ' || (i % 9) AS city, (i % 11) / 4.0 AS price, repeat(md5(i::VARCHAR), 12) AS ballast FROM range(60000) AS t(i)`;
    await mkdir(join(root, 'bucket/candidates'), { recursive: true });
    await execute(
      database,
      `COPY (${rows}) TO ${literal(pathOf('wide.parquet'))} (FORMAT parquet, ROW_GROUP_SIZE 5000, COMPRESSION uncompressed)`,
    );
    const size = (await readFile(pathOf('wide.parquet'))).length;
    const memory = memoryStore();
    for await (const { key } of store.list('models/')) await memory.put(key, (await store.get(key)).body);
    await memory.putFile('candidates/wide.parquet', pathOf('wide.parquet'));
    const requests: number[] = [];
    const counting: Store = {
      ...memory,
      async get(key, options) {
        const object = await memory.get(key, options);
        if (key === 'candidates/wide.parquet') requests.push(object.body.length);
        return object;
      },
    };
    const [remote] = await score({ store: counting }, undefined, { shardRows: 20_000 });
    const [local] = await score({ keys: ['candidates/wide.parquet'] }, undefined, { shardRows: 20_000 });
    const digests = (result: FileResult | undefined) =>
      result?.status === 'succeeded' ? result.manifest.parts.map(({ sha256 }) => sha256) : [];
    expect(digests(remote)).toHaveLength(3);
    expect(digests(remote)).toEqual(digests(local));
    expect(size).toBeGreaterThan(20e6);
    // The planner looks at both ends of the file; a scorer at the footer and at three columns of four row groups.
    const [planned, scored] = [requests.slice(0, 2), requests.slice(2)];
    expect(planned.reduce((sum, bytes) => sum + bytes)).toBeLessThan(6 * 2 ** 20);
    expect(scored.reduce((sum, bytes) => sum + bytes)).toBeLessThan(3 * 1.5 * 2 ** 20);
    expect(scored.length).toBeLessThanOrEqual(3 * 6);
  });

  it('are read behind 4 GiB as at their beginning', async () => {
    const key = 'candidates/huge.parquet';
    const groupRows = 20_000;
    // 40 MB of a column that is not needed.
    const rows = `SELECT i AS id, 'city ' || (i % 9) AS city, (i % 11) / 4.0 AS price, repeat(md5(i::VARCHAR), 64) AS ballast FROM range(${groupRows}) AS t(i)`;
    const format = `FORMAT parquet, ROW_GROUP_SIZE ${groupRows}, COMPRESSION uncompressed`;
    await execute(database, `COPY (${rows}) TO ${literal(join(root, 'group.parquet'))} (${format})`);
    const object = repeatParquet(await readFile(join(root, 'group.parquet')), 200);
    expect(sizeOfRepeated(object)).toBeGreaterThan(1.5 * 2 ** 32);

    const memory = await copyOfModels();
    const scratch = await mkdtemp(join(root, 'huge-'));
    const models = new ModelLoader(memory, { scratch, threads: 1, memoryLimitMiB: 256 });
    const from = withRepeated(memory, key, object);
    const files = candidateFiles({ store: from, models, scratch, shardRows: groupRows });
    const file = fileVersion({
      ...{ bucket: 'memory', key, versionId: 'repeated', sequencer: '01', attempt: 1 },
      eventTime: '2026-01-01T00:00:00Z',
    });
    const model = { name: 'small', version };
    const plan = await files.plan(file, model);
    expect(plan).toMatchObject({ rows: 200 * groupRows, size: sizeOfRepeated(object) });
    expect(plan.shards).toHaveLength(200);

    // The row group around 4 GiB is one of them.
    const around = Math.floor(2 ** 32 / object.body.length);
    const digests: string[] = [];
    for (const shard of [0, around, around + 1, 199]) {
      const scored = await files.scoreShard({
        file,
        plan,
        shard,
        model,
        scratch: await mkdtemp(join(scratch, 'shard-')),
      });
      expect(scored).toMatchObject({ rowsIn: groupRows, scored: groupRows, rejected: 0 });
      digests.push(
        createHash('md5')
          .update(await readFile(scored.scoresPath))
          .digest('hex'),
      );
    }
    expect(new Set(digests).size).toBe(1);
    await models.release();
    await rm(scratch, { recursive: true });
  });

  it('get the same scores however many row groups they have', async () => {
    const columns = `'city ' || (i % 9) AS city, (i % 11) / 4.0 AS price`;
    const key = `CASE WHEN i = 7 THEN NULL ELSE md5(i::VARCHAR)::UUID END AS id`;
    const rows = `SELECT ${key}, ${columns} FROM range(20) AS t(i)`;
    await execute(database, `COPY (${rows}) TO ${literal(join(root, 'twenty.parquet'))} (FORMAT parquet)`);
    const many = repeatParquet(await readFile(join(root, 'twenty.parquet')), 2_100);
    await writeFile(pathOf('many.parquet'), readRepeated(many, { start: 0, end: sizeOfRepeated(many) }));
    const one = `SELECT * FROM ${literal(pathOf('many.parquet'))}`;
    await execute(
      database,
      `COPY (${one}) TO ${literal(pathOf('one.parquet'))} (FORMAT parquet, ROW_GROUP_SIZE 122880)`,
    );
    const keys = ['candidates/many.parquet', 'candidates/one.parquet'];
    const results = await score({ keys }, undefined, { shardRows: 30_000 });
    const counts = { rowsIn: 42_000, scored: 39_900, rejected: 2_100 };
    expect(results).toMatchObject([
      { status: 'succeeded', manifest: counts },
      { status: 'succeeded', manifest: counts },
    ]);
    const [digests, others] = results.map((result) =>
      result.status === 'succeeded' ? result.manifest.parts.map(({ sha256 }) => sha256) : [],
    );
    expect(digests).toHaveLength(2);
    expect(digests).toEqual(others);
  });

  it.each([
    { name: 'zero.csv', content: '', reason: 'empty_file', message: 'candidates/zero.csv is empty: 0 bytes' },
    { name: 'zero.parquet', content: '', reason: 'empty_file', message: 'candidates/zero.parquet is empty: 0 bytes' },
    {
      name: 'renamed.csv',
      content: 'PAR1 and more',
      reason: 'wrong_format',
      message: 'candidates/renamed.csv is a Parquet file, expected CSV by its name: end it in .parquet',
    },
    {
      name: 'renamed.parquet',
      content: 'id,city,price\n1,a,2\n',
      reason: 'wrong_format',
      message: 'candidates/renamed.parquet is not Parquet: it begins with "id,c", expected "PAR1"',
    },
    {
      name: 'zstd.csv',
      content: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]),
      reason: 'wrong_format',
      message: 'candidates/zstd.csv is compressed by zstd, expected CSV by its name: unpack it, or compress it by gzip',
    },
    {
      name: 'cut.csv.gz',
      content: gzipSync('id,city,price\n1,a,2\n'.repeat(1000)).subarray(0, -20),
      reason: 'cut_off',
      message: 'candidates/cut.csv.gz is cut off: its gzip has no end',
    },
    {
      name: 'short.parquet',
      content: 'PAR1PAR1',
      reason: 'cut_off',
      message: 'candidates/short.parquet is cut off: a Parquet file ends with "PAR1", got 8 bytes without it',
    },
    {
      name: 'footer.parquet',
      // The length of the footer, little-endian, is that of a file of four gigabytes.
      content: Buffer.concat([
        Buffer.from('PAR1'),
        Buffer.alloc(100),
        Buffer.from([255, 255, 255, 255]),
        Buffer.from('PAR1'),
      ]),
      reason: 'cut_off',
      message: 'candidates/footer.parquet is cut off: its footer has 4294967295 bytes, the file 112',
    },
    {
      name: 'columns.csv.gz',
      content: gzipSync('id,color\n1,red\n'),
      reason: 'columns_missing',
      message: 'candidate columns missing: city, price (in candidates/columns.csv.gz)',
    },
  ])('fail with one sentence: $name', async ({ name, content, reason, message }) => {
    await mkdir(join(root, 'bucket/candidates'), { recursive: true });
    await writeFile(pathOf(name), content);
    for (const from of [store, await copyToMemory(name)]) {
      const [result] = await score({ store: from, keys: [`candidates/${name}`] });
      expect(result).toMatchObject({ status: 'failed', failure: { reason, message } });
    }
  });

  it('are refused where a few bytes of gzip become more than a function can cut, and nothing is left lying', async () => {
    await writeFile(pathOf('bomb.csv.gz'), gzipSync(`id,city,price\n${'1,a,2\n'.repeat(2_000_000)}`));
    const memory = await copyToMemory('bomb.csv.gz');
    const [result] = await score({ store: memory, keys: ['candidates/bomb.csv.gz'] }, undefined, {
      shardRows: 500_000,
      maxUnzippedBytes: 2 ** 20,
    });
    expect(result).toMatchObject({
      status: 'failed',
      failure: {
        reason: 'too_large',
        message:
          'candidates/bomb.csv.gz has more than 1.0 MiB uncompressed, expected at most that in gzip: use Parquet, or plain CSV',
      },
    });
    expect(memory.keys().filter((key) => key.includes('/pieces/'))).toEqual([]);
  });

  it('are refused where they are longer than a function can scan', async () => {
    await writeCandidates('long.csv', 'FORMAT csv');
    const keys = ['candidates/long.csv'];
    const [result] = await score({ keys }, undefined, { maxCsvBytes: 500 });
    expect(result).toMatchObject({
      status: 'failed',
      failure: {
        reason: 'too_large',
        message: 'candidates/long.csv has 722 bytes, expected at most 500 bytes in CSV: use Parquet, or several files',
      },
    });
    const [scored] = await score({ keys, again: 'failed' }, undefined, { maxCsvBytes: 1000 });
    expect(scored).toMatchObject({ status: 'succeeded', manifest: { rowsIn: 50 } });
  });

  it('are scored as they are where their text looks like a formula', async () => {
    await writeFile(pathOf('formula.csv'), 'id,city,price\n"=cmd|\' /C calc\'!A0",@SUM(1),1\n+1,-1,2\n');
    const [result] = await score({ keys: ['candidates/formula.csv'] });
    expect(result).toMatchObject({ status: 'succeeded', manifest: { scored: 2, rejected: 0 } });
    expect((await scoresOf('formula.csv')).map(({ id }) => id)).toEqual(["=cmd|' /C calc'!A0", '+1']);
  });

  it('are refused where a row group is larger than the disk may hold, with what to change', async () => {
    const rows = `SELECT i AS id, 'x' AS city, i / 4.0 AS price FROM range(200000) AS t(i)`;
    // Two columns of 8 bytes a row, and one that takes next to nothing.
    const format = 'FORMAT parquet, ROW_GROUP_SIZE 200000, COMPRESSION uncompressed';
    await execute(database, `COPY (${rows}) TO ${literal(pathOf('group.parquet'))} (${format})`);
    const [result] = await score({ keys: ['candidates/group.parquet'] }, undefined, { maxShardBytes: 2 ** 20 });
    expect(result).toMatchObject({
      status: 'failed',
      failure: {
        reason: 'row_group_too_large',
        message:
          'candidates/group.parquet: the columns needed of row group 0 have 3.1 MiB, expected at most 1.0 MiB: write smaller row groups (pyarrow row_group_size, DuckDB ROW_GROUP_SIZE, Spark parquet.block.size)',
      },
    });
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

describe('an internal error of DuckDB, which a damaged file may cause', () => {
  it('fails that file at once, and the next file has a database that works', async () => {
    const scratch = await mkdtemp(join(root, 'scratch-'));
    const databases: Database[] = [];
    class Breaking extends ModelLoader {
      override async load(of: ModelVersion) {
        const model = await super.load(of);
        databases.push(model.database);
        const broken = () => Promise.reject(new Error('INTERNAL Error: Attempted to access index 3'));
        return model.database === databases[0] ? { ...model, predict: broken } : model;
      }
    }
    const models = new Breaking(store, { scratch, threads: 1, memoryLimitMiB: 256 });
    const files = candidateFiles({ store, models, scratch, shardRows: 100 });
    await writeCandidates('internal.parquet', 'FORMAT parquet');
    await writeCandidates('after.parquet', 'FORMAT parquet');
    const run = (name: string) => score({ keys: [`candidates/${name}`], files });
    expect(await run('internal.parquet')).toMatchObject([
      {
        status: 'failed',
        failure: {
          reason: 'unreadable',
          message: 'candidates/internal.parquet cannot be read: Attempted to access index 3',
        },
      },
    ]);
    expect(await run('after.parquet')).toMatchObject([{ status: 'succeeded', manifest: { scored: 47 } }]);
    expect(new Set(databases).size).toBe(2);
    await models.release();
    await rm(scratch, { recursive: true });
  });
});

describe('the name of a candidate file', () => {
  it.each([
    ['br[1].parquet', 'br1.parquet'],
    ['a*.parquet', 'ab.parquet'],
    ['q?.csv', 'qq.csv'],
    ['100%.csv', '100%25.csv'],
    ['\u00fc.parquet', 'u\u0308.parquet'],
    ['two words+plus#hash.csv', 'two words plus#hash.csv'],
    [`quote'".parquet`, 'quote.parquet'],
    ['new\nline.csv', 'new line.csv'],
    ['{a,b}.parquet', 'a.parquet'],
    ['day=1/x.csv', 'day=2/x.csv'],
  ])('is taken for that very file: %s beside %s', async (name, other) => {
    for (const [file, rows] of [
      [name, 3],
      [other, 5],
    ] as const) {
      await mkdir(dirname(pathOf(file)), { recursive: true });
      await writeCandidates('plain.tmp', name.endsWith('.csv') ? 'FORMAT csv' : 'FORMAT parquet', `WHERE i < ${rows}`);
      await rename(pathOf('plain.tmp'), pathOf(file));
    }
    const results = await score({ keys: [`candidates/${name}`, `candidates/${other}`] });
    expect(results).toMatchObject([3, 5].map((rows) => ({ manifest: { rowsIn: rows, scored: rows, rejected: 0 } })));
    for (const result of results) {
      const [part] = (result.status === 'succeeded' && result.manifest.parts) || [];
      const bytes = await readFile(join(root, 'bucket', part?.key ?? ''));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(part?.sha256);
    }
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
  limits: Partial<Pick<CandidateFilesOptions, 'shardRows' | 'maxShardBytes' | 'maxUnzippedBytes' | 'maxCsvBytes'>> = {},
): Promise<FileResult[]> {
  const scratch = await mkdtemp(join(root, 'scratch-'));
  const from = options.store ?? store;
  const models = new ModelLoader(from, { scratch, threads: 1, memoryLimitMiB: 256 });
  try {
    return await scoreLocal({
      store: from,
      models: registryModels(from, 'small'),
      files: wrap(candidateFiles({ store: from, models, scratch, shardRows: SHARD_ROWS, ...limits })),
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

async function copyOfModels(): Promise<MemoryStore> {
  const memory = memoryStore();
  for await (const { key } of store.list('models/')) await memory.put(key, (await store.get(key)).body);
  return memory;
}

async function copyToMemory(name: string): Promise<MemoryStore> {
  const memory = await copyOfModels();
  await memory.put(`candidates/${name}`, await readFile(pathOf(name)));
  return memory;
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
