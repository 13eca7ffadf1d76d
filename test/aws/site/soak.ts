/**
 * Many candidate files under all faults together: messages that come twice, calls that fail or whose responses are
 * lost, workers that are killed, files that are replaced, and a promotion in the middle. Ends with an audit of every
 * file.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promoteVersion } from '../../../lib/registry/current.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { execute, literal, openDatabase } from '../../../lib/table/database.ts';
import { startFaultProxy } from '../emulator/fault-proxy.ts';
import { countMessages } from '../emulator/make.ts';
import { type Random, random } from '../emulator/random.ts';
import { injectRandomFaults } from '../emulator/random-faults.ts';
import { type Audit, assertNothingLost, type ExpectedVersion } from './audit.ts';
import { readScores } from './reader.ts';
import { type CleanScores, MODEL, openSite, type Queues, type Site, scoreCleanly, type Trained } from './site.ts';
import { candidatesCsv } from './small-model.ts';
import type { WorkerProgram } from './worker-process.ts';

export interface SoakOptions {
  readonly endpoint: string;
  readonly seed: number;
  readonly files: number;
  /** Kills of workers, spread over the run. */
  readonly kills: number;
  /** Share of all calls that meet a fault. */
  readonly faultShare: number;
  /** Must be longer than a batch of arrivals takes. */
  readonly visibilitySeconds: number;
  /** The time after which it gives up. */
  readonly withinMs: number;
  readonly program: WorkerProgram;
  /** The model that is in use at first, and the one that is promoted in the middle. */
  readonly trained: Readonly<Record<'one' | 'two', Trained>>;
  /** An existing folder. */
  readonly scratch: string;
  readonly onProgress?: (line: string) => void;
}

export interface SoakResult {
  readonly audit: Audit;
  /** Versions of files: one for each, and one more where a file was replaced. Each was announced twice. */
  readonly versions: number;
  readonly requests: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly kills: number;
  /** Times that the scores of a file were read and found whole while others were at work. */
  readonly reads: number;
  readonly seconds: number;
}

/** The content of a candidate file, and its expected scores. */
interface Content {
  readonly extension: 'csv' | 'parquet';
  readonly body: Uint8Array;
  /** The scores by model; or the reason for which the file must fail. */
  readonly scores: { readonly one: CleanScores; readonly two: CleanScores } | { readonly failed: string };
}

interface Contents {
  readonly good: readonly Content[];
  readonly bad: readonly Content[];
}

/** The parts of a run, and its progress. */
interface Run {
  readonly options: SoakOptions;
  readonly site: Site;
  readonly queues: Queues;
  /** URL of the proxy. */
  readonly endpoint: string;
  readonly versions: { readonly one: string; readonly two: string };
  readonly files: ExpectedVersion[][];
  readonly stopping: AbortController;
  kills: number;
  reads: number;
}

const SHARD_ROWS = 200;
const WORKERS = 2;
const BATCH_SIZE = 5;
const BAD_SHARE = 0.02;
const REPLACED_SHARE = 0.05;
const WAVES = 20;
// New files come while about so many messages are waiting, so that the promotion is in the middle of the work.
const WAITING_MESSAGES = 40;
const ROWS = [30, 80, 150, 190, 350, 700];
// Writes that a file takes at least; kills are spread over them.
const WRITES_PER_FILE = 9;
const MAX_CRASHES = 20;

/** @throws {Error} if the audit finds anything wrong, which it names, or if the queues are not empty in time. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const started = performance.now();
  const { endpoint, scratch, seed, trained } = options;
  const contents = await makeContents(trained, scratch);
  const site = await openSite(endpoint);
  const two = await site.publish(trained.two);
  const one = await site.publish(trained.one);
  const queues = await site.makeQueues({ visibilitySeconds: options.visibilitySeconds });
  const proxy = await startFaultProxy(endpoint);
  try {
    const faults = injectRandomFaults(proxy, options.faultShare, random(seed + 1));
    const stopping = new AbortController();
    const versions = { one, two };
    const run: Run = {
      options,
      site,
      queues,
      endpoint: proxy.endpoint,
      versions,
      files: [],
      stopping,
      kills: 0,
      reads: 0,
    };
    const feeding = feed(run, contents, random(seed)).then(() => site.untilIdle([queues], options.withinMs));
    const working = Array.from({ length: WORKERS }, (_, worker) => work(run, random(seed + 2 + worker)));
    const reporting = report(run, () => [...faults.values()].reduce((sum, count) => sum + count, 0));
    // The first to end, even by an error, ends the others.
    await Promise.race([feeding, ...working, read(run, random(seed + 100)), reporting]).finally(() => stopping.abort());
    await Promise.all([...working, reporting]);
    const audit = await assertNothingLost(site, { files: run.files, queues: [queues], scratch });
    const { kills, reads, files } = run;
    const requests = proxy.requests.length;
    const seconds = (performance.now() - started) / 1000;
    return {
      audit,
      versions: files.flat().length,
      requests,
      faults: Object.fromEntries(faults),
      kills,
      reads,
      seconds,
    };
  } finally {
    await proxy.stop();
  }
}

/** Puts the files, wave after wave, and announces each version twice. */
async function feed(run: Run, { good, bad }: Contents, chance: Random): Promise<void> {
  const { site, queues, options, versions, files } = run;
  let isPromoted = false;

  async function put(key: string, { body, scores }: Content): Promise<ExpectedVersion> {
    const file = await site.put(key, body);
    if ('failed' in scores) return { file, scores };
    const { one, two } = scores;
    return { file, scores: isPromoted ? { [versions.two]: two } : { [versions.one]: one, [versions.two]: two } };
  }

  for (let wave = 0; wave < WAVES; wave += 1) {
    while ((await waiting(run)) > WAITING_MESSAGES && !run.stopping.signal.aborted) await delay(100);
    if (wave === WAVES / 2) {
      await promoteVersion(site.store, MODEL, versions.two, { reason: 'soak', at: new Date() });
      isPromoted = true;
    }
    const first: FileVersion[] = [];
    const later: FileVersion[] = [];
    for (let index = wave; index < options.files; index += WAVES) {
      const content = pick(chance.next() < BAD_SHARE ? bad : good, chance);
      const key = `candidates/wave ${wave}/${index}+é.${content.extension}`;
      const older = await put(key, content);
      first.push(older.file, older.file);
      files.push([older]);
      if (chance.next() >= REPLACED_SHARE) continue;
      const newer = await put(
        key,
        pick(
          good.filter(({ extension }) => extension === content.extension),
          chance,
        ),
      );
      files.splice(-1, 1, [older, newer]);
      // Half of them are announced in any order, the others while the older version may be at work.
      (chance.next() < 0.5 ? first : later).push(newer.file, newer.file);
    }
    await site.announce(queues, shuffled(first, chance));
    await delay(200);
    if (later.length > 0) await site.announce(queues, shuffled(later, chance));
  }
}

/** Keeps one worker running until the run ends, with a new process after each kill. */
async function work(run: Run, chance: Random): Promise<void> {
  const { options, site, queues, endpoint, stopping } = run;
  const { signal } = stopping;
  const ownKills = options.kills / WORKERS;
  const spacing = Math.max(2, Math.floor((2 * options.files * WRITES_PER_FILE) / options.kills));
  let killed = 0;
  let crashes = 0;
  while (!signal.aborted) {
    const when = chance.below(2) === 0 ? ('before' as const) : ('after' as const);
    const worker = await options.program.start({
      endpoint,
      bucket: site.bucket,
      model: MODEL,
      queues: [{ arrivals: queues.arrivals.queueUrl, shards: queues.shards.queueUrl }],
      shardRows: SHARD_ROWS,
      batchSize: BATCH_SIZE,
      sendTwice: true,
      kill: killed < ownKills ? { when, name: null, nth: 1 + chance.below(spacing) } : null,
    });
    signal.addEventListener('abort', worker.stop, { once: true });
    const ended = await worker.ended;
    signal.removeEventListener('abort', worker.stop);
    if (ended.signal === 'SIGKILL') {
      killed += 1;
      run.kills += 1;
    } else if (!signal.aborted) {
      // A worker also ends if its queue cannot be read.
      crashes += 1;
      if (crashes > MAX_CRASHES) throw new Error(`worker ended ${crashes} times by itself, last with: ${ended.errors}`);
    }
  }
}

/** Reads scores all the time, as any reader does. */
async function read(run: Run, chance: Random): Promise<void> {
  while (!run.stopping.signal.aborted) {
    await delay(100);
    const [version] = run.files.length === 0 ? [] : pick(run.files, chance);
    if (version !== undefined && (await readScores(run.site.store, version.file.key))) run.reads += 1;
  }
}

async function report(run: Run, countFaults: () => number): Promise<void> {
  const { signal } = run.stopping;
  while (!signal.aborted) {
    await delay(5_000, undefined, { signal }).catch(() => undefined);
    const messages = await waiting(run);
    run.options.onProgress?.(
      `${run.files.length} of ${run.options.files} files put, ${messages} messages, ${run.kills} kills, ${countFaults()} faults, ${run.reads} reads`,
    );
  }
}

async function waiting({ options: { endpoint }, queues: { arrivals, shards } }: Run): Promise<number> {
  return (await countMessages(endpoint, arrivals.queueUrl)) + (await countMessages(endpoint, shards.queueUrl));
}

/** Files of several lengths and of both formats, with a bad row each, and some that cannot be scored. */
async function makeContents(trained: Readonly<Record<'one' | 'two', Trained>>, scratch: string): Promise<Contents> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const bodies: Pick<Content, 'extension' | 'body'>[] = [];
  for (const rows of ROWS) {
    const csv = candidatesCsv(rows);
    bodies.push({ extension: 'csv', body: encode(csv) }, { extension: 'parquet', body: await asParquet(csv, scratch) });
  }
  const good: Content[] = [];
  for (const { extension, body } of bodies) {
    const candidates = { key: `candidates/clean.${extension}`, body, shardRows: SHARD_ROWS, scratch };
    const scores = {
      one: await scoreCleanly(trained.one, candidates),
      two: await scoreCleanly(trained.two, candidates),
    };
    good.push({ extension, body, scores });
  }
  const bad: readonly Content[] = [
    { extension: 'csv', body: encode('PAR1, but no Parquet'), scores: { failed: 'wrong_format' } },
    { extension: 'csv', body: encode('row,user_id\n1,2\n'), scores: { failed: 'columns_missing' } },
    { extension: 'csv', body: encode(candidatesCsv(5)), scores: { failed: 'too_many_rejects' } },
    { extension: 'parquet', body: encode('no Parquet'), scores: { failed: 'wrong_format' } },
  ];
  return { good, bad };
}

/** The same rows as Parquet; a price that is no number in the CSV is infinite here. */
async function asParquet(csv: string, scratch: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(scratch, 'parquet-'));
  const [from, to] = [join(folder, 'rows.csv'), join(folder, 'rows.parquet')];
  await writeFile(from, csv);
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
  try {
    const price = "coalesce(TRY_CAST(price AS DOUBLE), 'infinity'::DOUBLE) AS price";
    const rows = `SELECT * REPLACE (${price}) FROM read_csv(${literal(from)}, types = {'price': 'VARCHAR'})`;
    await execute(database, `COPY (${rows}) TO ${literal(to)} (FORMAT parquet)`);
    return await readFile(to);
  } finally {
    await database.close();
  }
}

function pick<T>(items: readonly T[], chance: Random): T {
  const item = items[chance.below(items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

function shuffled<T>(items: readonly T[], chance: Random): T[] {
  return items
    .map((item) => ({ item, order: chance.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
