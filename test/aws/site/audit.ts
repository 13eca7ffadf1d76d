/**
 * Checks a bucket and its queues once all work has ended: nothing may be lost, doubled or wrong to a reader. It knows
 * the candidate files, and of the product only what is promised to readers.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsInbox } from '../../../lib/queue/sqs-inbox.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import type { Failure, Outcome, ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { s3Client } from '../../../lib/store/s3/client.ts';
import { literal, openDatabase, query } from '../../../lib/table/database.ts';
import type { CleanScores, Queues, Site } from './site.ts';

export interface ExpectedVersion {
  readonly file: FileVersion;
  /** The expected scores, by the model versions that may score it; or the reason for which it must fail. */
  readonly scores: Readonly<Record<string, CleanScores>> | { readonly failed: string };
}

export interface Expected {
  /** The versions of each candidate file, oldest first: the last one is what readers must find. */
  readonly files: readonly (readonly ExpectedVersion[])[];
  readonly queues: readonly Queues[];
  /** Bodies of messages that must be dead. @default none */
  readonly deadLetters?: readonly string[];
  /** Sources whose outcome a person took back, so that it was written more than once. @default none */
  readonly reopened?: readonly string[];
  /** An existing folder for copies of the scores. */
  readonly scratch: string;
}

export interface Audit {
  readonly succeeded: number;
  readonly failed: number;
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly parts: number;
}

/** The etags of all versions of each key, and the keys that are current. */
interface Inventory {
  readonly writes: ReadonlyMap<string, readonly string[]>;
  readonly current: ReadonlySet<string>;
}

const SCORES_PART = /^scores\/.*\/part-[^/]+\.parquet$/;

/** A Parquet file that must have that many rows. */
interface Counted {
  readonly key: string;
  readonly rows: number;
}

/**
 * Checks the newest version of every file, and counts the outcomes.
 * @throws {Error} naming everything that is not as expected.
 */
export async function assertNothingLost(site: Site, expected: Expected): Promise<Audit> {
  const problems: string[] = [];
  const inventory = await takeInventory(site);
  const counted: Counted[] = [];
  const audit = { succeeded: 0, failed: 0, rowsIn: 0, scored: 0, rejected: 0, parts: 0 };
  for (const versions of expected.files) {
    for (const version of versions) await checkOutcome(site, inventory, version, versions.at(-1) === version, problems);
    const manifest = await checkFolder(site, inventory, versions, counted, problems);
    if (manifest === null) audit.failed += 1;
    else {
      audit.succeeded += 1;
      audit.rowsIn += manifest.rowsIn;
      audit.scored += manifest.scored;
      audit.rejected += manifest.rejected;
      audit.parts += manifest.parts.length;
    }
  }
  problems.push(...wrongWrites(inventory, expected.reopened ?? []));
  checkStrangers(inventory, expected, problems);
  problems.push(...(await wrongCounts(site, counted, expected.scratch)));
  const urls = expected.queues.flatMap(({ arrivals, shards }) => [arrivals.deadUrl, shards.deadUrl]);
  const dead = (await deadLetters(site, urls)).toSorted();
  if (JSON.stringify(dead) !== JSON.stringify((expected.deadLetters ?? []).toSorted()))
    problems.push(`dead letters are ${JSON.stringify(dead)}, expected ${JSON.stringify(expected.deadLetters ?? [])}`);
  if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.slice(0, 50).join('\n')}`);
  return audit;
}

/** The bodies in the queues of dead letters; the messages stay there, visible. */
export async function deadLetters({ endpoint }: Pick<Site, 'endpoint'>, urls: readonly string[]): Promise<string[]> {
  const client = sqsClient({ endpoint });
  const bodies = await Promise.all(
    urls.map(async (url) => {
      const inbox = sqsInbox(client, url);
      const messages = await inbox.read();
      for (const { receiptHandle } of messages) await inbox.hide(receiptHandle, 0);
      return messages.map(({ body }) => body);
    }),
  );
  client.destroy();
  return bodies.flat();
}

/** A version that was replaced may have none, where its event came after the newer version's end. */
async function checkOutcome(
  { store }: Site,
  { current }: Inventory,
  { file, scores }: ExpectedVersion,
  isNewest: boolean,
  problems: string[],
): Promise<void> {
  const key = `_work/${file.source}/outcome.json`;
  if (!current.has(key)) {
    if (isNewest) problems.push(`${file.key}: version ${file.versionId} has no outcome`);
    return;
  }
  const outcome = parse<Outcome>((await store.get(key)).body);
  if ('failed' in scores) {
    const reason = outcome.status === 'failed' ? outcome.failure.reason : outcome.status;
    if (reason !== scores.failed) problems.push(`${file.key}: outcome is ${reason}, expected failed, ${scores.failed}`);
  } else if (outcome.status !== 'succeeded') {
    problems.push(`${file.key}: outcome is ${JSON.stringify(outcome)}, expected succeeded`);
  } else problems.push(...manifestProblems(outcome.manifest, { file, scores }));
}

function manifestProblems(manifest: ScoresManifest, { file, scores }: ExpectedVersion): string[] {
  const { rowsIn, scored, rejected, parts, model } = manifest;
  const clean = 'failed' in scores ? undefined : scores[model.version];
  if (clean === undefined) return [`${file.key}: scored with ${model.version}, expected ${Object.keys(scores)}`];
  const got = { rowsIn, scored, rejected, sha256: parts.map(({ sha256 }) => sha256) };
  const isAsClean = JSON.stringify(got) === JSON.stringify(clean) && rowsIn === scored + rejected;
  return isAsClean ? [] : [`${file.key}: scored to ${JSON.stringify(got)}, expected ${JSON.stringify(clean)}`];
}

/**
 * Under `_work/` nothing is written twice (plans, parts, receipts, outcomes ...), except an outcome that a person took
 * back. The rest may be, to the same bytes: rejects and the pieces of gzip files are stored without a condition before
 * the part, or the plan, that counts; and a finisher copies the parts that it does not see.
 */
function wrongWrites({ writes }: Inventory, reopened: readonly string[]): string[] {
  const takenBack = new Set(reopened.map((source) => `_work/${source}/outcome.json`));
  return [...writes].flatMap(([key, etags]) => {
    if (takenBack.has(key)) return [];
    const isBytes = key.startsWith('rejects/') || key.includes('/pieces/') || SCORES_PART.test(key);
    if (isBytes) return new Set(etags).size === 1 ? [] : [`${key} was written as ${etags}, expected the same bytes`];
    return key.startsWith('_work/') && etags.length > 1 ? [`${key} was written ${etags.length} times`] : [];
  });
}

/** Checks what a reader finds in the file's folder, and returns the manifest if there are scores. */
async function checkFolder(
  { store }: Site,
  { current }: Inventory,
  versions: readonly ExpectedVersion[],
  counted: Counted[],
  problems: string[],
): Promise<ScoresManifest | null> {
  const newest = versions.at(-1);
  if (newest === undefined) throw new Error('a file without versions was expected');
  const { file, scores } = newest;
  const folder = folderOf(file.key);
  const found = [...current].filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
  if ('failed' in scores) {
    if (found.includes('_SUCCESS')) problems.push(`${folder} has _SUCCESS, expected none`);
    if (!found.includes('_FAILED.json')) problems.push(`${folder} has no _FAILED.json`);
    else {
      const failure = parse<Failure>((await store.get(`${folder}_FAILED.json`)).body);
      if (failure.source !== file.source || failure.reason !== scores.failed)
        problems.push(
          `${folder}_FAILED.json is ${JSON.stringify(failure)}, expected ${scores.failed} of ${file.source}`,
        );
    }
    // The scores of an older version stay, without its _SUCCESS.
    if (versions.length === 1 && found.length > 1) problems.push(`${folder} has ${found}, expected _FAILED.json alone`);
    return null;
  }
  if (!found.includes('_SUCCESS') || !found.includes('_manifest.json')) {
    problems.push(`${folder} has ${found}, expected _SUCCESS and _manifest.json`);
    return null;
  }
  const success = new TextDecoder().decode((await store.get(`${folder}_SUCCESS`)).body);
  const manifest = parse<ScoresManifest>((await store.get(`${folder}_manifest.json`)).body);
  if (success !== file.source) problems.push(`${folder}_SUCCESS is of ${success}, expected ${file.source}`);
  if (manifest.source !== file.source) problems.push(`${folder}_manifest.json is of ${manifest.source}`);
  problems.push(...manifestProblems(manifest, newest));
  const named = ['_SUCCESS', '_manifest.json', ...manifest.parts.map(({ key }) => key.slice(folder.length))];
  if (found.toSorted().join() !== named.toSorted().join()) problems.push(`${folder} has ${found}, expected ${named}`);
  for (const { key, sha256, rows } of manifest.parts) {
    if (!current.has(key)) continue;
    const digest = createHash('sha256')
      .update((await store.get(key)).body)
      .digest('hex');
    if (digest !== sha256) problems.push(`${key} has sha256 ${digest}, its manifest ${sha256}`);
    counted.push({ key, rows });
  }
  const missing = manifest.rejects.filter((key) => !current.has(key));
  if (missing.length > 0) problems.push(`${file.key}: rejects ${missing} are missing`);
  return manifest;
}

/** Checks that scores/ and _work/ hold nothing but what belongs to the expected files. */
function checkStrangers({ current }: Inventory, { files }: Expected, problems: string[]): void {
  const folders = new Set(files.flatMap((versions) => versions.map(({ file }) => folderOf(file.key))));
  const sources = new Set(files.flatMap((versions) => versions.map(({ file }) => file.source)));
  for (const key of current) {
    const isStrange = key.startsWith('_work/')
      ? !sources.has(key.split('/')[1] ?? '')
      : key.startsWith('scores/') && !folders.has(key.slice(0, key.lastIndexOf('/') + 1));
    if (isStrange || key.startsWith('failed/')) problems.push(`${key} belongs to no expected file`);
  }
}

/** Counts the rows of the scores themselves, by DuckDB. */
async function wrongCounts({ store }: Site, counted: readonly Counted[], scratch: string): Promise<string[]> {
  if (counted.length === 0) return [];
  const folder = await mkdtemp(join(scratch, 'audit-'));
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch });
  try {
    for (const [index, { key }] of counted.entries())
      await writeFile(join(folder, `${index}.parquet`), (await store.get(key)).body);
    const files = literal(join(folder, '*.parquet'));
    const rows = await query(database, `SELECT file_name AS name, num_rows AS n FROM parquet_file_metadata(${files})`);
    const byName = new Map(rows.map(({ name, n }) => [String(name), Number(n)]));
    return counted.flatMap(({ key, rows }, index) => {
      const got = byName.get(join(folder, `${index}.parquet`));
      return got === rows ? [] : [`${key} has ${got} rows, its manifest ${rows}`];
    });
  } finally {
    await database.close();
    await rm(folder, { recursive: true });
  }
}

async function takeInventory({ endpoint, bucket }: Site): Promise<Inventory> {
  const client = s3Client({ endpoint });
  const writes = new Map<string, string[]>();
  const current = new Set<string>();
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | null = {};
  while (next !== null) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, ...next }),
    );
    for (const { Key = '', ETag = '', IsLatest } of page.Versions ?? []) {
      writes.set(Key, [...(writes.get(Key) ?? []), ETag]);
      if (IsLatest) current.add(Key);
    }
    next = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : null;
  }
  client.destroy();
  return { writes, current };
}

function folderOf(key: string): string {
  return `scores/${key.slice('candidates/'.length)}/`;
}

function parse<T>(body: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}
