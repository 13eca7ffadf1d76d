/** Sequences from a log to the scores, on logs whose truth is known: what each pooling can tell, and what it cannot. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { modelFiles, openModel, type Predictor } from '../../../lib/predictor/open-model.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { writeCanary } from '../../../lib/table/candidates/canary.ts';
import { checkLog } from '../../../lib/table/check/log.ts';
import { type Database, execute, literal, openDatabase, query } from '../../../lib/table/database.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { type TrainedModel, train } from '../../../lib/training/train.ts';
import type { WarmStartReport } from '../../../lib/training/weights/warm-start.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { orderLog, type SequenceLog, similarityLog } from '../../training/sequence-logs.ts';

const ROWS = 12_000;
const POOLINGS = {
  mean: 'pooling: mean',
  din: 'pooling: attention, to: item, positions: false',
  attention: 'pooling: attention, to: item',
  lstm: 'pooling: lstm',
  targetLstm: 'pooling: lstm, to: item',
} as const;
type Pooling = keyof typeof POOLINGS;

const declare = (pooling: Pooling, seed = 1, more = '') => `name: sequences
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
split: { hash: row, validation: 0.1, test: 0.2 }
embeddings: { item: { dimension: 8 } }
features:
  item: { type: category, entity: item, embedding: item }
  history: { type: sequence, entity: user, embedding: item, delimiter: "|", max_length: 8, ${POOLINGS[pooling]} }
model: { hidden_units: [64, 32] ${more} }
training: { epochs: 12, batch_size: 128, learning_rate: 0.01, patience: 4, seed: ${seed} }
`;

let root: string;
let database: Database;
const logs: Record<string, SequenceLog> = {};
const trained = new Map<string, TrainedModel>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequences-'));
  database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: root });
  for (const [name, make] of Object.entries({ order: orderLog, similarity: similarityLog })) {
    logs[name] = make(1, ROWS);
    await writeFile(join(root, `${name}.csv`), logs[name].csv);
  }
});
afterAll(async () => {
  await database.close();
  await rm(root, { recursive: true });
});

async function make(log: string, text: string, more: Partial<Parameters<typeof train>[0]> = {}): Promise<TrainedModel> {
  const scratch = await mkdtemp(join(root, 'training-'));
  const declaration = parseDeclaration(text, 'sequences.yaml');
  const dataPath = join(root, `${log}.csv`);
  return train({ declaration, declarationText: text, dataPath, scratch, threads: 1, memoryLimitMiB: 512, ...more });
}

/** The model of a pooling; trained once. */
async function model(log: string, pooling: Pooling, seed = 1): Promise<TrainedModel> {
  const key = `${log}/${pooling}/${seed}`;
  const found = trained.get(key) ?? (await make(log, declare(pooling, seed)));
  trained.set(key, found);
  return found;
}

/** The AUC of pcvr on the clicked rows of the test part. */
const aucOf = ({ metrics }: TrainedModel) => metrics.tasks.find(({ task }) => task.name === 'cvr')?.auc.value ?? 0;

async function aucs(log: string, pooling: Pooling): Promise<number[]> {
  const found: number[] = [];
  for (const seed of [1, 2, 3]) found.push(aucOf(await model(log, pooling, seed)));
  return found;
}

/** What an AUC of some thousand test rows may differ from that of the whole log by. */
const NOISE = 0.03;

describe('a log in which only the order tells', { timeout: 240_000 }, () => {
  it('is learned by attention that knows positions and by LSTMs, not by the mean, nor by attention without positions', async () => {
    const { true: best, candidate } = (logs.order as SequenceLog).auc;
    for (const pooling of ['mean', 'din'] as const)
      for (const auc of await aucs('order', pooling)) expect(auc, pooling).toBeLessThan(candidate + NOISE);
    for (const auc of await aucs('order', 'attention')) expect(auc, 'attention').toBeGreaterThan(best - 2 * NOISE);
    for (const pooling of ['lstm', 'targetLstm'] as const)
      for (const auc of await aucs('order', pooling)) {
        expect(auc, pooling).toBeGreaterThan(candidate + 0.1);
        expect(auc, pooling).toBeLessThan(best + NOISE);
      }
  });
});

describe('a log in which similarity to the candidate tells', { timeout: 240_000 }, () => {
  it('is learned by attention, and less well by the mean', async () => {
    const { true: best, candidate } = (logs.similarity as SequenceLog).auc;
    const mean = await aucs('similarity', 'mean');
    for (const pooling of ['din', 'attention'] as const)
      for (const [i, auc] of (await aucs('similarity', pooling)).entries()) {
        expect(auc, pooling).toBeGreaterThan(best - NOISE);
        expect(auc, pooling).toBeGreaterThan(mean[i] as number);
      }
    for (const auc of mean) expect(auc).toBeGreaterThan(candidate);
  });
});

describe.each(['mean', 'attention', 'lstm'] as const)('a model with pooling %s', { timeout: 120_000 }, (pooling) => {
  const declaration = parseDeclaration(declare(pooling), 'sequences.yaml');
  const CANDIDATES = `SELECT row, history, item FROM read_csv('#', all_varchar = true) WHERE CAST(row AS INTEGER) < 3000`;
  const candidates = () => CANDIDATES.replace('#', join(root, 'order.csv'));

  async function write(name: string, sql: string): Promise<string> {
    const path = join(root, `${pooling}-${name}`);
    const options = name.endsWith('.csv') ? '(FORMAT csv, HEADER true)' : '(FORMAT parquet)';
    await execute(database, `COPY (${sql}) TO ${literal(path)} ${options}`);
    return path;
  }

  /** The scores of candidate files by the handlers of a bucket, row by row. */
  async function score(files: Readonly<Record<string, string>>) {
    const bucket = memoryStore();
    const at = new Date('2026-01-01T00:00:00Z');
    const version = await publishTrained(bucket, declaration, await model('order', pooling), { threads: 1, at });
    await promoteVersion(bucket, 'sequences', version, { reason: 'first', at });
    for (const [name, path] of Object.entries(files)) await bucket.putFile(`candidates/${name}`, path);
    const scratch = await mkdtemp(join(root, 'scratch-'));
    const loader = new ModelLoader(bucket, { scratch, threads: 1, memoryLimitMiB: 256 });
    const results = await scoreLocal({
      store: bucket,
      models: registryModels(bucket, 'sequences'),
      files: candidateFiles({ store: bucket, models: loader, scratch, shardRows: 10_000 }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch,
      queueOptions: { retryMs: 1 },
    });
    await loader.release();
    const scores: Record<string, readonly Record<string, unknown>[]> = {};
    for (const name of Object.keys(files)) {
      const result = results.find(({ key }) => key === `candidates/${name}`);
      if (result?.status !== 'succeeded') throw new Error(`not scored: ${JSON.stringify(result)}`);
      const parts: string[] = [];
      for (const { key } of result.manifest.parts) parts.push(literal(await bucket.toFile(key, scratch)));
      const sql = `SELECT CAST(row AS VARCHAR) AS row, pctr, pcvr, pctcvr FROM read_parquet([${parts.join(', ')}])`;
      scores[name] = await query(database, sql);
    }
    return scores;
  }

  it('scores CSV, Parquet and lists the same, and a reversed list otherwise only if it knows the order', async () => {
    const list = `SELECT row, string_split(history, '|') AS history, item FROM (${candidates()})`;
    const files = {
      'text.csv': await write('text.csv', candidates()),
      'text.parquet': await write('text.parquet', candidates()),
      'list.parquet': await write('list.parquet', list),
      'reversed.parquet': await write(
        'reversed.parquet',
        `SELECT row, list_reverse(history) AS history, item FROM (${list})`,
      ),
    };
    const scores = await score(files);
    const expected = scores['text.csv'] ?? [];
    expect(expected).toHaveLength(3000);
    expect(scores['text.parquet']).toEqual(expected);
    expect(scores['list.parquet']).toEqual(expected);
    const differing = expected.filter(
      ({ pcvr }, row) => Math.abs(Number(pcvr) / Number(scores['reversed.parquet']?.[row]?.pcvr) - 1) > 1e-3,
    );
    if (pooling === 'mean') expect(differing).toHaveLength(0);
    else expect(differing.length).toBeGreaterThan(2000);
  });

  it('scores rows of a log as it was measured on them, and empty lists as NULL', async () => {
    const { folder, metrics } = await model('order', pooling);
    const predictor: Predictor = await openModel(database, await modelFiles(folder), { threads: 1 });
    const log = await checkLog(database, await openSource(database, join(root, 'order.csv')), declaration, {});
    let [rows, pctcvr] = [0, 0];
    for await (const chunk of encodeLog(database, log, predictor.encoder, { parts: ['test'], chunkRows: 100_000 })) {
      const scores = await predictor.predict(chunk);
      rows += chunk.rows;
      pctcvr += (scores.pctcvr as Float32Array).reduce((sum, value) => sum + value, 0);
    }
    await predictor.release();
    const task = metrics.tasks.find(({ task: { name } }) => name === 'ctcvr');
    expect(rows).toBe(task?.rows);
    expect(pctcvr / rows).toBeCloseTo(task?.meanPrediction.value ?? Number.NaN, 6);
    const of = (history: string) => `SELECT '1' AS row, ${history} AS history, 'i3' AS item`;
    const scores = await score({
      'null.parquet': await write('null.parquet', of('CAST(NULL AS VARCHAR[])')),
      'empty.parquet': await write('empty.parquet', of('CAST([] AS VARCHAR[])')),
      'nulls.parquet': await write('nulls.parquet', of("CAST([NULL, ''] AS VARCHAR[])")),
      'empty.csv': await write('empty.csv', of("''")),
    });
    const [first, ...others] = Object.values(scores);
    expect(first?.[0]?.pcvr).toBeGreaterThan(0);
    for (const other of others) expect(other).toEqual(first);
  });

  it('scores the canary', async () => {
    const path = join(root, `${pooling}-canary.parquet`);
    await writeCanary(database, declaration, path);
    expect(Object.values(await score({ 'canary.parquet': path }))).toEqual([
      [{ row: 'entirespace-doctor', pctr: expect.any(Number), pcvr: expect.any(Number), pctcvr: expect.any(Number) }],
    ]);
  });

  it('begins the next training with all of its weights', async () => {
    const { folder } = await model('order', pooling);
    const reports: WarmStartReport[] = [];
    const text = declare(pooling).replace('epochs: 12', 'epochs: 1');
    await make('order', text, {
      champion: { version: '20260101-000000-00000000', folder },
      onWarmStart: (report) => reports.push(report),
    });
    expect(reports[0]?.parameters).toMatchObject({ partly: [], fresh: [] });
  });
});

it.each(['base', 'esmm-ns', 'dcmt', 'aitm', 'escm2-dr', 'division'])(
  'a sequence trains with type %s, and has its layers in the model',
  async (type) => {
    const text = declare('targetLstm', 1, `, type: ${type}`).replace('epochs: 12', 'epochs: 1');
    const { folder, metrics } = await make('order', text);
    expect(metrics.tasks.length).toBeGreaterThan(1);
    expect((await readFile(join(folder, 'model.onnx'))).includes('history.lstm.state')).toBe(true);
  },
  120_000,
);
