/**
 * A thousand candidate files through S3 and SQS of an emulator, with everything going wrong at once: messages that come
 * twice, workers that are killed, a proxy that injures requests, files that are replaced and a model that is promoted
 * while they are scored. Afterwards every file, row, outcome and dead letter is accounted for.
 *
 *     npm run soak [-- --files 1000]        (SEED=<n> repeats the chances)
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { promoteVersion } from '../lib/registry/current.ts';
import { type Database, execute, literal, openDatabase } from '../lib/table/database.ts';
import { assertNothingLost, type ExpectedVersion } from '../test/aws/audit.ts';
import { startEmulator } from '../test/aws/emulator.ts';
import { type FaultProxy, s3Error, startFaultProxy } from '../test/aws/fault-proxy.ts';
import { countMessages } from '../test/aws/make.ts';
import { chosenSeed, type Random, random } from '../test/aws/random.ts';
import {
  type CleanScores,
  MODEL,
  openSite,
  type Queues,
  type Site,
  scoreCleanly,
  type Trained,
  trainSmall,
} from '../test/aws/site.ts';
import { candidatesCsv } from '../test/aws/small-model.ts';
import { buildWorker, type WorkerProgram } from '../test/aws/worker-process.ts';

const SHARD_ROWS = 60;
const WORKERS = 2;
// Rows of the files: of one shard, of some.
const SIZES = [10, 25, 40, 55, 70, 100, 150, 290];
const SHARES = { bad: 0.02, parquet: 0.3, replaced: 0.05 };
/** Of the requests to S3, by kind. */
const FAULT_SHARE = 0.005;
const QUEUE_SETTINGS = { visibilitySeconds: 15, maxReceiveCount: 100 };
// A worker that lives on takes so many steps before it is killed, at most.
const LONGEST_LIFE = 400;
const WITHIN_MS = 45 * 60_000;

/** Content that can never be scored, and why. */
const BAD = [
  { body: '', failed: 'empty_file' },
  { body: 'PAR1 but called CSV', failed: 'wrong_format' },
  { body: 'row,colour\n1,red\n', failed: 'columns_missing' },
];

interface Template {
  readonly extension: 'csv' | 'parquet';
  readonly body: Uint8Array | string;
  /** By model version. */
  readonly scores: Readonly<Record<string, CleanScores>>;
}

const { values } = parseArgs({ options: { files: { type: 'string', default: '1000' } } });
const seed = chosenSeed();
const started = performance.now();
const scratch = await mkdtemp(join(tmpdir(), 'soak-'));
const emulator = await startEmulator();
Object.assign(process.env, emulator.env);
const proxy = await startFaultProxy(emulator.endpoint);
const program = await buildWorker();
const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch });
try {
  await soak(Number(values.files));
} finally {
  await database.close();
  await proxy.stop();
  await emulator.stop();
  await program.remove();
  await rm(scratch, { recursive: true, force: true });
}

async function soak(count: number): Promise<void> {
  const chance = random(seed);
  const site = await openSite(emulator.endpoint);
  const models = [await trainSmall(scratch, 1), await trainSmall(scratch, 2)] as const;
  // Known beforehand, so that files scored with either version can be expected.
  const versions = [await site.publish(models[0]), await site.publish(models[1])] as const;
  await promote(site, versions[0]);
  const templates = await makeTemplates(database, models, versions);
  const queues = await site.makeQueues(QUEUE_SETTINGS);

  const files: ExpectedVersion[][] = [];
  for (let index = 0; index < count; index++) files.push([await putFile(site, chance, templates, index)]);
  const announced = files.flat().map(({ file }) => file);
  await site.announce(queues, announced);
  await site.announce(queues, announced.toReversed());
  console.log(`seed ${seed}: ${count} files put, each announced twice`);

  const faults = injectFaults(proxy, chance);
  const total = 2 * count;
  const kills = await killWorkers(program, { site, queues, chance }, async (progress) => {
    // Halfway another version becomes current, and some files are replaced.
    if (progress.waiting > total / 2) return false;
    await promote(site, versions[1]);
    await replaceSome(site, queues, chance, templates, files);
    return true;
  });
  const audit = await assertNothingLost(site, { files, queues: [queues], scratch });
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  const replaced = files.filter(({ length }) => length > 1).length;
  console.log(
    [
      `${cpus()[0]?.model}, ${cpus().length} cores, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, seed ${seed}`,
      `files: ${count}, ${replaced} replaced on the way; ${audit.succeeded} succeeded, ${audit.failed} failed as they must`,
      `rows: ${audit.rowsIn} in = ${audit.scored} scored + ${audit.rejected} rejected, in ${audit.parts} parts`,
      `messages: every one sent twice; dead letters: none`,
      `workers killed: ${kills}; requests injured: ${[...faults].map(([kind, n]) => `${n} ${kind}`).join(', ')}`,
      `nothing lost, nothing doubled, in ${minutes} minutes`,
    ].join('\n'),
  );
}

async function promote({ store }: Site, version: string): Promise<void> {
  await promoteVersion(store, MODEL, version, { reason: 'soak', at: new Date() });
}

/** CSV and Parquet of each size, scored in this process with both versions. */
async function makeTemplates(
  database: Database,
  models: readonly Trained[],
  versions: readonly string[],
): Promise<Template[]> {
  const templates: Template[] = [];
  for (const rows of SIZES) {
    const csv = candidatesCsv(rows);
    for (const extension of ['csv', 'parquet'] as const) {
      // Parquet has types: the last row's price is none, not a word.
      const body = extension === 'csv' ? csv : await parquetOf(database, csv);
      const scores: Record<string, CleanScores> = {};
      for (const [index, version] of versions.entries())
        scores[version] = await scoreCleanly(models[index] as Trained, {
          key: `candidates/template.${extension}`,
          body,
          shardRows: SHARD_ROWS,
          scratch,
        });
      templates.push({ extension, body, scores });
    }
  }
  return templates;
}

async function parquetOf(database: Database, csv: string): Promise<Uint8Array> {
  const [from, to] = [join(scratch, 'template.csv'), join(scratch, 'template.parquet')];
  await writeFile(from, csv);
  const columns = `row, user_id, item_id, TRY_CAST(price AS DOUBLE) AS price`;
  await execute(
    database,
    `COPY (SELECT ${columns} FROM read_csv(${literal(from)}, all_varchar = true)) TO ${literal(to)} (FORMAT parquet)`,
  );
  return readFile(to);
}

async function putFile(
  site: Site,
  chance: Random,
  templates: readonly Template[],
  index: number,
): Promise<ExpectedVersion> {
  if (chance.next() < SHARES.bad) {
    const { body, failed } = BAD[chance.below(BAD.length)] as (typeof BAD)[number];
    return { file: await site.put(`candidates/bad/${index}.csv`, body), scores: { failed } };
  }
  const extension = chance.next() < SHARES.parquet ? 'parquet' : 'csv';
  const { body, scores } = pick(templates, chance, extension);
  return { file: await site.put(`candidates/day=${index % 7}/${index}.${extension}`, body), scores };
}

function pick(templates: readonly Template[], chance: Random, extension: string): Template {
  const fitting = templates.filter((template) => template.extension === extension);
  return fitting[chance.below(fitting.length)] as Template;
}

async function replaceSome(
  site: Site,
  queues: Queues,
  chance: Random,
  templates: readonly Template[],
  files: ExpectedVersion[][],
): Promise<void> {
  for (const versions of files) {
    const [{ file }] = versions as [ExpectedVersion];
    if (file.key.startsWith('candidates/bad/') || chance.next() >= SHARES.replaced) continue;
    const { body, scores } = pick(templates, chance, file.key.endsWith('.csv') ? 'csv' : 'parquet');
    versions.push({ file: await site.put(file.key, body), scores });
    await site.announce(queues, [(versions.at(-1) as ExpectedVersion).file, file]);
  }
}

/** Injures requests to S3 at random from now on; tells how many of each kind. */
function injectFaults(proxy: FaultProxy, chance: Random): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const kinds = [
    { kind: '503', answer: s3Error(503, 'SlowDown') },
    { kind: '500', answer: s3Error(500, 'InternalError') },
    { kind: '409', answer: s3Error(409, 'ConditionalRequestConflict'), only: 'PUT' },
    { kind: 'applied and dropped', answer: 'close', applied: true, only: 'PUT' },
    { kind: 'silent', answer: 'silence' },
  ] as const;
  for (const { kind, answer, ...rest } of kinds) {
    const isMeant = ({ method }: { readonly method: string }) =>
      'only' in rest ? method === rest.only : method === 'GET' || method === 'PUT' || method === 'HEAD';
    proxy.inject({
      when(request) {
        if (!isMeant(request) || chance.next() >= FAULT_SHARE) return false;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        return true;
      },
      times: Number.POSITIVE_INFINITY,
      answer,
      ...('applied' in rest && { applied: rest.applied }),
    });
  }
  return counts;
}

/** Keeps workers at work, each until it is killed or nothing is left; tells how many were killed. */
async function killWorkers(
  program: WorkerProgram,
  { site, queues, chance }: { readonly site: Site; readonly queues: Queues; readonly chance: Random },
  atHalf: (progress: { readonly waiting: number }) => Promise<boolean>,
): Promise<number> {
  let kills = 0;
  let isOver = false;
  const lane = async () => {
    while (!isOver) {
      const worker = await program.start({
        endpoint: proxy.endpoint,
        bucket: site.bucket,
        model: MODEL,
        queues: [{ arrivals: queues.arrivals.queueUrl, shards: queues.shards.queueUrl }],
        shardRows: SHARD_ROWS,
        batchSize: 10,
        sendTwice: true,
        kill: { when: chance.below(2) === 0 ? 'before' : 'after', name: null, nth: 1 + chance.below(LONGEST_LIFE) },
      });
      const watch = setInterval(() => isOver && worker.stop(), 500);
      const { signal } = await worker.ended;
      clearInterval(watch);
      if (signal === 'SIGKILL') kills += 1;
    }
  };
  const lanes = Array.from({ length: WORKERS }, lane);
  let isHalfDone = false;
  for (const end = Date.now() + WITHIN_MS; ; await delay(2_000)) {
    const waiting =
      (await countMessages(site.endpoint, queues.arrivals.queueUrl)) +
      (await countMessages(site.endpoint, queues.shards.queueUrl));
    console.log(`${((performance.now() - started) / 1000).toFixed(0)} s: ${waiting} messages left, ${kills} kills`);
    if (!isHalfDone) isHalfDone = await atHalf({ waiting });
    else if (waiting === 0) break;
    if (Date.now() > end) throw new Error(`queues still hold ${waiting} messages`);
  }
  isOver = true;
  await Promise.all(lanes);
  return kills;
}
