/**
 * Measures the handlers over the S3 of an emulator: compared with a folder, from a cold start, and with many small
 * files.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SHARDS_AT_ONCE } from '../bin/scoring/local-scoring.ts';
import { count } from '../lib/numbers/text.ts';
import { promoteVersion } from '../lib/registry/current.ts';
import { planShardsHandler } from '../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../lib/scoring/handlers/score-shard.ts';
import { type FileResult, scoreLocal } from '../lib/scoring/local/local.ts';
import { arrivalBody } from '../lib/scoring/protocol/events.ts';
import { candidateFiles } from '../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../lib/scoring/rows/models.ts';
import { registryModels } from '../lib/scoring/rows/registry-models.ts';
import { openStore } from '../lib/store/open-store.ts';
import type { Store } from '../lib/store/store.ts';
import { type Database, openDatabase } from '../lib/table/database.ts';
import { train } from '../lib/training/train.ts';
import { type Emulator, type EmulatorName, startEmulator } from '../test/aws/emulator/emulator.ts';
import { publishTrained } from '../training/publish-trained.ts';
import { startFunction, withFunctions } from './function-process.ts';
import { cpuSecondsOf } from './process-cpu.ts';
import { benchSmallFiles } from './small-files.ts';
import { declarationText, syntheticDeclaration, writeSynthetic } from './synthetic.ts';
import { median } from './yardstick/side-by-side.ts';

/** What is measured: a large file beside a folder, a process that starts, many small files. */
export type AwsPart = 'large' | 'cold' | 'small';

/** Settings of the benchmark. */
export interface AwsBench {
  /** Existing folder for scratch files. */
  readonly scratch: string;
  /** For a range of an old version, Ministack returns the whole object, LocalStack only the range. */
  readonly emulator: EmulatorName;
  /** @default all */
  readonly parts?: readonly AwsPart[];
  /** Number of rows of the large candidate file. @default 2,000,000 */
  readonly rows?: number;
}

/** The emulator's S3 with a model, and what is scored with. */
export interface AwsSite {
  readonly database: Database;
  readonly threads: number;
  readonly scratch: string;
  readonly store: Store;
  /** Name of the model that is current there. */
  readonly model: string;
}

// 280,000 embedding rows of 18 float32 make a model of 20 MB.
export const MODEL_IDS = 280_000;
const TRAINING_ROWS = 40_000;
const ROUNDS = 3;
const COLD_STARTS = 7;

/** Measures over an empty emulator, and returns a sentence for each part. */
export async function benchAws({
  emulator: name,
  parts = ['large', 'cold', 'small'],
  ...bench
}: AwsBench): Promise<string> {
  const scratch = await mkdtemp(join(bench.scratch, 'aws-'));
  const threads = availableParallelism();
  const database = await openDatabase({ threads, memoryLimitMiB: 4096, scratch });
  const emulator = await startEmulator(name);
  Object.assign(process.env, emulator.env);
  try {
    await makeBucket(emulator, 'bench');
    const [local, s3] = [openStore(join(scratch, 'bucket')), openStore('s3://bench')];
    const model = await publishModel({ database, scratch, threads }, [local, s3]);
    const site = { database, threads, scratch, store: s3, model };
    const sentences: string[] = [];
    for (const part of parts) {
      if (part === 'large') sentences.push(await benchLargeFile(site, local, emulator, bench.rows ?? 2_000_000));
      else if (part === 'cold') sentences.push(await benchColdStart(site));
      else sentences.push(await benchSmallFiles(site));
    }
    return sentences.join('; ');
  } finally {
    await emulator.stop();
    await database.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What scoring a file took. */
interface Run {
  readonly seconds: number;
  /** CPU seconds of this process. */
  readonly cpu: number;
  readonly emulatorCpu: number;
}

/**
 * Scores a file of many rows, alternately in a folder and in S3. The emulator works on the cores that score: a second
 * ratio leaves out its CPU time, spread over all of them, which S3 itself does not take.
 */
async function benchLargeFile(site: AwsSite, local: Store, emulator: Emulator, rows: number): Promise<string> {
  const key = 'candidates/large.parquet';
  const path = join(site.scratch, 'large.parquet');
  await writeSynthetic(site.database, path, rows, MODEL_IDS);
  const stores = { local, s3: site.store };
  for (const store of Object.values(stores)) await store.putFile(key, path);
  const runs: Record<'local' | 's3', Run[]> = { local: [], s3: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const where of ['local', 's3'] as const) {
      const [started, cpu, emulatorCpu] = [performance.now(), process.cpuUsage(), cpuSecondsOf(emulator.pid)];
      await scoreKeys(site, stores[where], [key]);
      const { user, system } = process.cpuUsage(cpu);
      runs[where].push({
        seconds: (performance.now() - started) / 1000,
        cpu: (user + system) / 1e6,
        emulatorCpu: cpuSecondsOf(emulator.pid) - emulatorCpu,
      });
    }
  const of = (where: 'local' | 's3', what: keyof Run) => median(runs[where].map((run) => run[what]));
  const rate = (where: 'local' | 's3') => count(rows / of(where, 'seconds'));
  const ratio = of('local', 'seconds') / of('s3', 'seconds');
  const emulatorCpu = of('s3', 'emulatorCpu');
  const besides = of('local', 'seconds') / (of('s3', 'seconds') - emulatorCpu / site.threads);
  const cpu = `CPU ${of('local', 'cpu').toFixed(2)} s beside ${of('s3', 'cpu').toFixed(2)} s and ${emulatorCpu.toFixed(2)} s of the emulator`;
  return `${count(rows)} rows by the handlers, median of ${ROUNDS}: folder ${rate('local')} rows/s, emulated S3 ${rate('s3')} rows/s, ratio ${ratio.toFixed(2)}, without the emulator's share ${besides.toFixed(2)} (${cpu})`;
}

/** Measures the time from the start of a process until its first row is scored, with the bundle that is deployed. */
async function benchColdStart({ database, scratch, threads, store, model }: AwsSite): Promise<string> {
  const path = join(scratch, 'one-row.parquet');
  await writeSynthetic(database, path, 1, MODEL_IDS);
  const endpoint = process.env.AWS_ENDPOINT_URL;
  const variables = {
    BUCKET: 's3://bench',
    MODEL_NAME: model,
    ARRIVALS_URL: `${endpoint}/000000000000/arrivals`,
    SHARDS_URL: `${endpoint}/000000000000/shards`,
  };
  const milliseconds: number[] = [];
  await withFunctions(async (folder) => {
    for (let start = 0; start < COLD_STARTS; start++) {
      const key = `candidates/cold-${start}.parquet`;
      const { versionId } = await store.putFile(key, path);
      const arrival = { bucket: 'bench', key, versionId, sequencer: '01', eventTime: '', attempt: 1 };
      const settings = { name: 'plan-shards', scratch, memoryMiB: threads * 1769, variables } as const;
      const planner = startFunction(folder, settings);
      const invocation = await planner.invoke([arrivalBody(arrival)]);
      await planner.close();
      milliseconds.push(invocation.milliseconds);
      if (invocation.failures > 0) throw new Error('the cold start did not score its file');
    }
  });
  return `cold start, process start to first scored row, model of 20 MB: median of ${COLD_STARTS} ${median(milliseconds).toFixed(0)} ms, slowest ${Math.max(...milliseconds).toFixed(0)} ms`;
}

/** Scores keys by the handlers, in this process, as the command does. A file that was scored before is scored again. */
async function scoreKeys(
  { scratch: parent, threads, model }: AwsSite,
  store: Store,
  keys: readonly string[],
): Promise<FileResult[]> {
  const scratch = join(parent, 'models');
  await mkdir(scratch, { recursive: true });
  const loader = new ModelLoader(store, { scratch, threads, memoryLimitMiB: 2048 });
  try {
    const results = await scoreLocal({
      store,
      models: registryModels(store, model),
      files: candidateFiles({ store, models: loader, scratch }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      concurrency: SHARDS_AT_ONCE,
      scratch,
      keys,
      again: 'all',
    });
    const failed = results.find(({ status }) => status !== 'succeeded');
    if (failed !== undefined) throw new Error(`benchmark's file was not scored: ${JSON.stringify(failed)}`);
    return results;
  } finally {
    await loader.release();
  }
}

/** Trains a model of 20 MB, publishes it to every store and makes it current there. Returns its name. */
async function publishModel(
  { database, scratch, threads }: Pick<AwsSite, 'database' | 'scratch' | 'threads'>,
  stores: readonly Store[],
): Promise<string> {
  const path = join(scratch, 'log.parquet');
  await writeSynthetic(database, path, TRAINING_ROWS, MODEL_IDS);
  const folder = join(scratch, 'training-20-mb');
  await mkdir(folder);
  const declaration = syntheticDeclaration(MODEL_IDS);
  const trained = await train({
    declaration,
    declarationText: declarationText(MODEL_IDS),
    dataPath: path,
    scratch: folder,
    threads,
    memoryLimitMiB: 4096,
  });
  const at = new Date();
  for (const store of stores) {
    const version = await publishTrained(store, declaration, trained, { threads, at });
    await promoteVersion(store, declaration.name, version, { reason: 'benchmark', at });
  }
  return declaration.name;
}

async function makeBucket({ endpoint }: Emulator, bucket: string): Promise<void> {
  const versioning =
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';
  await fetch(`${endpoint}/${bucket}`, { method: 'PUT' });
  await fetch(`${endpoint}/${bucket}?versioning`, { method: 'PUT', body: versioning });
}
