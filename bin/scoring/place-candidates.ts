/** From files anywhere to candidates of a bucket. */
import { stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import { digestFile } from '../../lib/registry/version-files.ts';
import { checkCandidateKey } from '../../lib/scoring/protocol/keys.ts';
import type { Store } from '../../lib/store/store.ts';
import { DataError } from '../../lib/table/errors.ts';
import { bucketFolder } from '../bucket.ts';

interface Placement {
  readonly file: string;
  readonly key: string;
  readonly isInBucket: boolean;
}

/**
 * Keys of the files in the bucket, after copying there what lies elsewhere. A copy that is there already stays as it is.
 * @throws {DataError} naming every file that is absent, or cannot be a candidate; nothing is copied then.
 */
export async function placeCandidates(store: Store, files: readonly string[]): Promise<string[]> {
  const root = bucketFolder(store);
  const once = files.filter((file, i) => files.findIndex((other) => resolve(other) === resolve(file)) === i);
  const placements = once.map((file) => placementOf(root, file));
  const problems: string[] = [];
  for (const placement of placements) problems.push(...(await problemsOf(placement, placements)));
  if (problems.length > 0) throw new DataError('no_such_file', problems.join('; '));
  for (const { file, key, isInBucket } of placements) {
    if (isInBucket) continue;
    const { sha256 } = await digestFile(file);
    if ((await store.head(key))?.metadata.sha256 !== sha256) await store.putFile(key, file, { metadata: { sha256 } });
  }
  return placements.map(({ key }) => key);
}

function placementOf(root: string | null, file: string): Placement {
  const inside = root === null ? '' : relative(root, resolve(file)).split(sep).join('/');
  const isInBucket = inside.startsWith(PREFIXES.candidates);
  return { file, key: isInBucket ? inside : `${PREFIXES.candidates}${basename(file)}`, isInBucket };
}

async function problemsOf({ file, key }: Placement, placements: readonly Placement[]): Promise<string[]> {
  const facts = await stat(file).catch(() => null);
  if (facts === null) return [`no such file: ${file}`];
  if (!facts.isFile()) return [`${file} is a folder, expected a file`];
  const check = checkCandidateKey(key);
  if (check.kind === 'refused') return [check.message];
  if (check.kind === 'ignored') return [`${file} cannot be a candidate: its name begins with _ or .`];
  const same = placements.find((other) => other.key === key);
  return same === undefined || same.file === file ? [] : [`${same.file} and ${file} would both be ${key}`];
}
