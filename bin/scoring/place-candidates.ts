/** Copies files from anywhere to the candidates of a bucket. */

import { stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import { listed } from '../../lib/numbers/text.ts';
import { checkCandidateKey } from '../../lib/scoring/protocol/keys.ts';
import type { Store } from '../../lib/store/store.ts';
import { DataError } from '../../lib/table/errors.ts';
import { LEFT_OUT_REASONS } from '../../lib/table/source/left-out.ts';
import { digestFile } from '../../lib/workers/file-digest.ts';
import { bucketFolder } from '../bucket.ts';
import { type Io, pathIn } from '../terminal/io.ts';

interface Placement {
  /** As the command line has it. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly key: string;
  readonly isInBucket: boolean;
}

/**
 * Copies the files that lie elsewhere to the bucket's candidates and returns the keys of all. A file that is there with
 * the same bytes is left alone.
 * @param after as in `PutFileOptions`: nothing is in the bucket before.
 * @throws {DataError} naming every file that is absent or cannot be a candidate; nothing is copied then.
 */
export async function placeCandidates(
  io: Pick<Io, 'cwd'>,
  store: Store,
  files: readonly string[],
  after: Promise<unknown>,
): Promise<string[]> {
  const root = bucketFolder(store);
  const placements = files.map((file) => placementOf(root, file, resolve(pathIn(io, file))));
  const distinct = placements.filter(({ path }, i) => placements.findIndex((other) => other.path === path) === i);
  const problems: string[] = [];
  for (const placement of distinct) problems.push(...(await problemsOf(placement, distinct)));
  if (problems.length > 0) throw new DataError('no_such_file', listed(problems, '; '));
  for (const { path, key, isInBucket } of distinct) if (!isInBucket) await place(store, key, path, after);
  return distinct.map(({ key }) => key);
}

/** Writes a file to the bucket, unless the same bytes are there. */
async function place(store: Store, key: string, path: string, after: Promise<unknown>): Promise<void> {
  const there = await store.head(key);
  if (!store.hasFiles) {
    const { sha256 } = await digestFile(path);
    if (there?.metadata.sha256 !== sha256) await store.putFile(key, path, { after, metadata: { sha256 } });
    return;
  }
  // The bucket's file can be read as fast as the other one: a digest kept with it would cost every new file a reading.
  const isSame =
    there?.size === (await stat(path)).size &&
    (await digestFile(await store.toFile(key, '', there.versionId))).sha256 === (await digestFile(path)).sha256;
  if (!isSame) await store.putFile(key, path, { after });
}

function placementOf(root: string | null, file: string, path: string): Placement {
  const inside = root === null ? '' : relative(root, path).split(sep).join('/');
  const isInBucket = inside.startsWith(PREFIXES.candidates);
  return { file, path, key: isInBucket ? inside : `${PREFIXES.candidates}${basename(file)}`, isInBucket };
}

async function problemsOf({ file, path, key }: Placement, placements: readonly Placement[]): Promise<string[]> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return [`no such file: ${file}`];
  if (!facts.isFile()) return [`${file} is a folder, expected a file`];
  const check = checkCandidateKey(key);
  if (check.kind === 'refused') return [check.message];
  if (check.kind === 'ignored') return [`${file} cannot be a candidate: ${LEFT_OUT_REASONS[check.reason ?? 'hidden']}`];
  const same = placements.find((other) => other.key === key);
  return same === undefined || same.file === file ? [] : [`${same.file} and ${file} would both be ${key}`];
}
