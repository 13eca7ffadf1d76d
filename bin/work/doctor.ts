/** Looks at a deployed stack as its files do: from the bucket through queues and functions to the scores. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import {
  DECLARATION_FILE,
  failureKey,
  scoresFolder,
  scoresManifestKey,
  successKey,
} from '../../lib/contract/bucket.ts';
import { queueFacts, queueName } from '../../lib/queue/queue-facts.ts';
import { sqsClient } from '../../lib/queue/sqs-client.ts';
import { fetchVersion } from '../../lib/registry/fetch-version.ts';
import { type Failure, getIfPresent, type Manifest, readRecord } from '../../lib/scoring/protocol/records.ts';
import { bucketFacts } from '../../lib/store/s3/bucket-facts.ts';
import type { Store } from '../../lib/store/store.ts';
import { CANARY_KEY, writeCanary } from '../../lib/table/candidates/canary.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { readRows } from '../../lib/table/source/read-rows.ts';
import { bucketFolder, type EndpointOptions, openBucket } from '../bucket.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { EXIT_CODES, type ExitCode, UsageError } from '../exit.ts';
import { withScratch } from '../scratch.ts';
import { stackQueues } from '../stack-queues.ts';

export interface DoctorOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly arrivals?: string;
  readonly shards?: string;
  /** Seconds. */
  readonly wait: number;
  readonly json: boolean;
}

/** One thing that was looked at. */
interface Finding {
  readonly check: string;
  readonly isOk: boolean;
  /** What is there; where that is wrong, what was expected and what to do. */
  readonly detail: string;
}

/** A row's scores as the stack wrote them. */
const PRODUCT_TOLERANCE = 1e-5;
const LOOK_AGAIN_MS = 500;
// As the stack sets it: a file is not given up because one function was killed.
const MIN_RECEIVES = 5;

/** Runs every check that still makes sense after those before it, and prints what it finds as it goes. */
export async function doctor(options: DoctorOptions, signal: AbortSignal): Promise<ExitCode> {
  const store = await openBucket(options.bucket, 'read', options);
  if (bucketFolder(store) !== null)
    throw new UsageError(`doctor looks at a deployed stack: expected s3://bucket as --bucket, got ${options.bucket}`);
  const findings: Finding[] = [];
  for await (const finding of examine(store, options, signal)) {
    findings.push(finding);
    const { check, isOk, detail } = finding;
    if (!options.json) process.stdout.write(`${isOk ? 'ok  ' : 'FAIL'}  ${check}: ${detail}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  return findings.every(({ isOk }) => isOk) ? EXIT_CODES.success : EXIT_CODES['unexpected error'];
}

async function* examine(store: Store, options: DoctorOptions, signal: AbortSignal): AsyncGenerator<Finding> {
  const bucket = yield* attempt('bucket', () => checkBucket(options));
  if (bucket === null) return;
  yield* attempt('queues', () => checkQueues(options));
  const name = yield* attempt('model', () => checkModel(store, options));
  signal.throwIfAborted();
  if (name !== null) yield* attempt('canary', () => checkCanary(store, name, options, signal));
}

/** What a check answers, its findings on the way; an error is a finding, too. */
async function* attempt<T>(
  check: string,
  run: () => Promise<{ readonly findings: readonly Finding[]; readonly value: T }>,
): AsyncGenerator<Finding, T | null> {
  try {
    const { findings, value } = await run();
    yield* findings;
    return value;
  } catch (error) {
    yield { check, isOk: false, detail: error instanceof Error ? error.message : String(error) };
    return null;
  }
}

async function checkBucket(options: DoctorOptions) {
  const facts = await bucketFacts(options.bucket.replace(/^s3:\/\//, '').replace(/\/$/, ''), options);
  const { keepsVersions, encryption, isClosedToPublic } = facts;
  const findings = [
    finding('bucket', keepsVersions, 'keeps versions', 'keeps no versions, expected them: enable versioning'),
    finding(
      'bucket',
      encryption !== null,
      `encrypted with ${encryption}`,
      'is not encrypted by default, expected it: deploy the stack again',
    ),
    finding(
      'bucket',
      isClosedToPublic,
      'closed to the public',
      'may be opened to the public, expected all access blocked: deploy the stack again',
    ),
  ];
  return { findings, value: facts };
}

async function checkQueues(options: DoctorOptions) {
  const client = sqsClient(options);
  try {
    const queues = await stackQueues(client, options);
    const findings: Finding[] = [];
    for (const [name, { url, deadUrl }] of Object.entries(queues)) {
      const [facts, dead] = [await queueFacts(client, url), await queueFacts(client, deadUrl)];
      const receives = facts.maxReceives ?? 0;
      findings.push(
        finding(
          name,
          receives >= MIN_RECEIVES,
          `${queueName(url)}, ${facts.messages} messages, dead letters after ${receives} receives`,
          `dead letters after ${receives} receives, expected at least ${MIN_RECEIVES}: deploy the stack again`,
        ),
        finding(
          `${name} dead letters`,
          dead.messages === 0,
          'none',
          `${dead.messages} in ${queueName(deadUrl)}, expected none: look at the function's log, mend the cause, then entirespace redrive`,
        ),
      );
    }
    return { findings, value: queues };
  } finally {
    client.destroy();
  }
}

async function checkModel(store: Store, options: DoctorOptions) {
  const name = await chosenModel(store, options.model);
  const version = await requireCurrent(store, name);
  await withScratch((scratch) => fetchVersion(store, name, version, scratch));
  const detail = `${name} ${version} is current, and every file of it has the digest in its manifest`;
  return { findings: [{ check: 'model', isOk: true, detail }], value: name };
}

/** Puts a file of one row, waits for its scores, and takes both away again. */
async function checkCanary(store: Store, name: string, options: DoctorOptions, signal: AbortSignal) {
  return withScratch(async (scratch) => {
    const key = `candidates/entirespace-doctor/${new Date().toISOString().replaceAll(/[:.]/g, '-')}.parquet`;
    const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
    try {
      const folder = await fetchVersion(store, name, await requireCurrent(store, name), scratch);
      const declaration = parseDeclaration(await readFile(join(folder, DECLARATION_FILE), 'utf8'), DECLARATION_FILE);
      const path = join(scratch, 'canary.parquet');
      await writeCanary(database, declaration, path);
      const started = performance.now();
      await store.putFile(key, path);
      const ending = await endOf(store, key, options.wait, signal);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (ending === null) return canary(false, silence(key, options.wait));
      if ('reason' in ending) return canary(false, `${key} failed: ${ending.message}`);
      const [part] = ending.parts;
      if (part === undefined) return canary(false, `${key} was scored without parts, expected one row`);
      const { columns, rows } = await readRows(database, await store.toFile(part.key, scratch), 1);
      const values = Object.fromEntries(columns.map((column, i) => [column, rows[0]?.[i] ?? null]));
      const problem = wrongScores(values, declaration.log.keys);
      return problem === null
        ? canary(true, `one row scored in ${seconds} s by ${ending.model.name} ${ending.model.version}`)
        : canary(false, problem);
    } finally {
      await database.close();
      await removeAll(store, key);
    }
  });
}

/** The manifest or the failure of a file, once it is there; `null` where it takes too long. */
async function endOf(
  store: Store,
  key: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Manifest | Failure | null> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
    signal.throwIfAborted();
    const failure = await readRecord<Failure>(store, failureKey(key));
    if (failure !== null) return failure.value;
    if ((await getIfPresent(store, successKey(key))) !== null)
      return (await readRecord<Manifest>(store, scoresManifestKey(key)))?.value ?? null;
    await setTimeout(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function silence(key: string, seconds: number): string {
  return `${key} had no scores after ${seconds} s, expected them: look at the logs of plan-shards (does S3 tell the arrivals queue? may it read models/?)`;
}

function wrongScores(values: Readonly<Record<string, string | null>>, keys: readonly string[]): string | null {
  const wrongKey = keys.find((key) => values[key] !== CANARY_KEY);
  if (wrongKey !== undefined) return `score has ${wrongKey} ${values[wrongKey]}, expected ${CANARY_KEY}`;
  const scores = Object.entries(values).filter(([column]) => !keys.includes(column));
  const wild = scores.find(([, value]) => !(Number(value) >= 0 && Number(value) <= 1) || value === null);
  if (wild !== undefined) return `score ${wild[0]} is ${wild[1]}, expected a probability`;
  const { pctr, pcvr, pctcvr } = values;
  if (pctr == null || pcvr == null || pctcvr == null) return null;
  const product = Number(pctr) * Number(pcvr);
  return Math.abs(Number(pctcvr) - product) <= PRODUCT_TOLERANCE * product
    ? null
    : `score pctcvr is ${pctcvr}, expected pctr x pcvr = ${product}`;
}

async function removeAll(store: Store, key: string): Promise<void> {
  await store.delete(key);
  for await (const object of store.list(scoresFolder(key))) await store.delete(object.key);
}

function finding(check: string, isOk: boolean, good: string, bad: string): Finding {
  return { check, isOk, detail: isOk ? good : bad };
}

function canary(isOk: boolean, detail: string): { findings: readonly Finding[]; value: null } {
  return { findings: [{ check: 'canary', isOk, detail }], value: null };
}
