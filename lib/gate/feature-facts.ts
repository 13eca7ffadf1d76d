/** Reads what a model version knows of the values that it was made from. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../store/errno.ts';
import { type PartCounts, VALUE_COUNTS_FILE } from '../table/encode/value-counts.ts';
import { DISTRIBUTIONS_FILE, type Distributions } from '../table/fit/distributions.ts';
import type { FeatureFacts } from './guards/feature-guards.ts';

/** Reads the distributions in a version's folder; `null` where it has none. */
export function readDistributions(folder: string): Promise<Distributions | null> {
  return readJson<Distributions>(join(folder, DISTRIBUTIONS_FILE));
}

/** Reads counts and distributions in a version's folder; `null` where it lacks either, as a version made by hand. */
export async function readFeatureFacts(folder: string): Promise<FeatureFacts | null> {
  const counts = await readJson<PartCounts>(join(folder, VALUE_COUNTS_FILE));
  const distributions = await readDistributions(folder);
  return counts && distributions && { counts, distributions };
}

// The files are those that the manifest names by their digests, or were just written.
async function readJson<T>(path: string): Promise<T | null> {
  const text = await ifThere(readFile(path, 'utf8'));
  return text === null ? null : (JSON.parse(text) as T);
}
