/**
 * Measures the handlers over the S3 of an emulator: compared with a folder, from a cold start, and with many small
 * files.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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
import type { Database } from '../lib/table/database.ts';
import { train } from '../lib/training/train.ts';
import { type Emulator, type EmulatorName, startEmulator } from '../test/aws/emulator/emulator.ts';
import { sqsRecord } from '../test/functions/batch.ts';
import { publishTrained } from '../training/publish-trained.ts';
import { startFunction, withFunctions } from './function-process.ts';
import { declarationText, syntheticDeclaration, writeSynthetic } from './synthetic.ts';
import { timedStore } from './timed-store.ts';

/** Settings of the benchmark. */
export interface AwsBench {
  readonly database: Database;
  readonly threads: number;
  readonly scratch: string;
  /** Number of rows of the large candidate file. */
  readonly rows: number;
  /** For a range of an old version, Ministack returns the whole object, LocalStack only the range. */
  readonly emulator: EmulatorName;
}

// 280,000 embedding rows of 18 float32 make a model of 20 MB.
const MODEL_IDS = 280_000;
const TRAINING_ROWS = 40_000;
const ROUNDS = 3;
const COLD_STARTS = 7;
const SMALL_FILES = 1_000;
const SMALL_ROWS = 1_000;

/** Runs the three measurements, and prints a line for each. */
export async function benchAws(bench: AwsBench): Promise<void> {
  const emulator = await startEmulator(bench.emulator);
  Object.assign(process.env, emulator.env);
  try {
    await makeBucket(emulator, 'bench');
    const stores = { local: openStore(join(bench.scratch, 'bucket')), s3: openStore('s3://bench') };
    const model = await publishModel(bench, Object.values(stores));
    await benchLargeFile(bench, stores, model);
    await benchColdStart(bench, stores.s3, model);
    await benchSmallFiles(bench, stores.s3, model);
  } finally {
    await emulator.stop();
  }
}

/** Scores a file of many rows, alternately in a folder and in S3. */
async function benchLargeFile(bench: AwsBench, stores: Readonly<Record<'local' | 's3', Store>>, model: string) {
  const key = 'candidates/large.parquet';
  const path = join(bench.scratch, 'large.parquet');
  await writeSynthetic(bench.database, path, bench.rows, MODEL_IDS);
  for (const store of Object.values(stores)) await store.putFile(key, path);
  const seconds: Record<'local' | 's3', number[]> = { local: [], s3: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const where of ['local', 's3'] as const) {
      const started = performance.now();
      await scoreKeys(bench, stores[where], model, [key]);
      seconds[where].push((performance.now() - started) / 1000);
    }
  const rate = (where: 'local' | 's3') => bench.rows / median(seconds[where]);
  console.log(
    `scored ${count(bench.rows)} rows by the handlers, median of ${ROUNDS}: folder ${count(rate('local'))} rows/s, S3 of ${bench.emulator} ${count(rate('s3'))} rows/s, ratio ${(rate('s3') / rate('local')).toFixed(2)}`,
  );
}

/** Measures the time from the start of a process until its first row is scored, with the bundle that is deployed. */
async function benchColdStart({ database, scratch, threads }: AwsBench, store: Store, model: string): Promise<void> {
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
  console.log(
    `cold start, process start to first scored row, model of 20 MB: median of ${COLD_STARTS} ${median(milliseconds).toFixed(0)} ms, slowest ${Math.max(...milliseconds).toFixed(0)} ms`,
  );
}

/** Scores many small files. Time that is neither scoring nor waiting for the emulator is that of the handlers. */
async function benchSmallFiles(bench: AwsBench, store: Store, model: string): Promise<void> {
  const path = join(bench.scratch, 'small.parquet');
  await writeSynthetic(bench.database, path, SMALL_ROWS, MODEL_IDS);
  const keys = Array.from({ length: SMALL_FILES }, (_, file) => `candidates/small/${file}.parquet`);
  const versionIds: string[] = [];
  for (const key of keys) versionIds.push((await store.putFile(key, path)).versionId);
  const timed = timedStore(store);
  const started = performance.now();
  const scoring = await handleArrivals(bench, timed.store, model, { keys, versionIds });
  const total = performance.now() - started;
  const perFile = (milliseconds: number) => (milliseconds / SMALL_FILES).toFixed(1);
  console.log(
    `${count(SMALL_FILES)} files of ${count(SMALL_ROWS)} rows: ${perFile(total)} ms a file, of which scoring with its reads ${perFile(1000 * scoring)} ms, ${(timed.calls() / SMALL_FILES).toFixed(1)} calls of the store ${perFile(timed.milliseconds())} ms`,
  );
}

/**
 * Passes the arrivals of keys to the planner's handler, ten at a time as Lambda does, and returns the seconds of
 * scoring.
 */
async function handleArrivals(
  bench: AwsBench,
  store: Store,
  name: string,
  { keys, versionIds }: { readonly keys: readonly string[]; readonly versionIds: readonly string[] },
): Promise<number> {
  const scratch = join(bench.scratch, 'models');
  const loader = new ModelLoader(store, { scratch, threads: bench.threads, memoryLimitMiB: 2048 });
  const files = candidateFiles({ store, models: loader, scratch });
  let seconds = 0;
  const timedFiles: typeof files = {
    plan: files.plan,
    async scoreShard(request) {
      const started = performance.now();
      const scored = await files.scoreShard(request);
      seconds += (performance.now() - started) / 1000;
      return scored;
    },
  };
  const handler = planShardsHandler({
    store,
    newWriterId: randomUUID,
    now: () => new Date(),
    models: registryModels(store, name),
    files: timedFiles,
    shards: { send: () => Promise.reject(new Error('a small file needs no message')) },
    inOneGo: { files: timedFiles, scratch, hasTime: () => true },
    log: { info: () => undefined, error: (_, { error }) => console.error(error) },
  });
  try {
    const eventTime = new Date().toISOString();
    const bodies = versionIds.map((versionId, i) =>
      arrivalBody({ bucket: 'bench', key: keys[i] ?? '', versionId, sequencer: '01', eventTime, attempt: 1 }),
    );
    for (let first = 0; first < bodies.length; first += 10) {
      const Records = bodies.slice(first, first + 10).map((body, i) => sqsRecord(String(i), { body }));
      const { batchItemFailures } = await handler({ Records });
      if (batchItemFailures.length > 0) throw new Error("benchmark's small files were not scored");
    }
    return seconds;
  } finally {
    await loader.release();
  }
}

/** Scores keys by the handlers, in this process. A file that was scored before is scored again. */
async function scoreKeys(bench: AwsBench, store: Store, name: string, keys: readonly string[]): Promise<FileResult[]> {
  const scratch = join(bench.scratch, 'models');
  await mkdir(scratch, { recursive: true });
  const loader = new ModelLoader(store, { scratch, threads: bench.threads, memoryLimitMiB: 2048 });
  try {
    const results = await scoreLocal({
      store,
      models: registryModels(store, name),
      files: candidateFiles({ store, models: loader, scratch }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
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
async function publishModel({ database, scratch, threads }: AwsBench, stores: readonly Store[]): Promise<string> {
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
