/**
 * Ranks: the step between the last receipt and the outcome of a file whose scores are ranked. A group's rows may lie in
 * several shards, so a process that finds all receipts reads all parts, and writes each of them once more with the ranks.
 * A ranked part is written under a condition, like the part itself: of several finishers the first one wins, part by
 * part, and their rows are the same. One that is interrupted is continued by the next, which ranks what is left.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rankedPartKey, workPartKey } from '../../contract/bucket.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import type { ObjectInfo } from '../../store/store.ts';
import { digestFile } from '../../workers/file-digest.ts';
import { ScoringError } from '../errors.ts';
import type { ScoreDependencies } from '../protocol/ports.ts';
import type { Plan, ScoresManifest } from '../protocol/records.ts';

/** What is recorded of a ranked part, in its metadata. */
interface RankedFacts {
  readonly rows: number;
  readonly sha256: string;
}

/** Returns the manifest of a file with its ranked parts, which are written where they are not there yet. */
export async function rankShards(
  dependencies: ScoreDependencies,
  plan: Plan,
  manifest: ScoresManifest,
): Promise<ScoresManifest> {
  const { ranking } = plan;
  if (ranking === undefined) return manifest;
  const facts = await rankedParts(dependencies, plan, ranking);
  const parts = manifest.parts.map((part, shard) => ({ ...part, ...(facts[shard] as RankedFacts) }));
  return { ...manifest, parts, ranking: { ...ranking, kept: parts.reduce((sum, { rows }) => sum + rows, 0) } };
}

async function rankedParts(
  dependencies: ScoreDependencies,
  { file, model, candidates, format }: Plan,
  ranking: NonNullable<Plan['ranking']>,
): Promise<RankedFacts[]> {
  const { store, files } = dependencies;
  const { source } = file;
  const shards = candidates.shards.map(({ index }) => index);
  const found = await mapAtOnce(shards, (shard) => store.head(rankedPartKey(source, shard, format)));
  if (found.every((part) => part !== null)) return found.map(factsOf);
  const scratch = await mkdtemp(join(dependencies.scratch, 'ranks-'));
  try {
    const parts = shards.map((shard) => workPartKey(source, shard));
    const ranked: RankedFacts[] = [];
    for (const shard of shards) {
      const before = found[shard] ?? null;
      if (before !== null) ranked.push(factsOf(before));
      else {
        const { path, rows } = await files.rankPart({ model, ranking, parts, shard, scratch });
        ranked.push(await writeOnce(dependencies, rankedPartKey(source, shard, format), path, rows));
      }
    }
    return ranked;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Writes a ranked part unless another finisher has, and returns what is recorded of the one that is there. */
async function writeOnce(
  dependencies: ScoreDependencies,
  key: string,
  path: string,
  rows: number,
): Promise<RankedFacts> {
  const { sha256 } = await digestFile(path);
  const metadata = { rows: String(rows), sha256 };
  if (await putConditionally(dependencies, { key, content: { path }, expected: null, metadata }))
    return { rows, sha256 };
  const winner = await dependencies.store.head(key);
  if (winner === null) throw new ScoringError(`ranked part ${key} is gone (in ${dependencies.store.url})`);
  return factsOf(winner);
}

function factsOf({ key, metadata: { rows, sha256 } }: ObjectInfo): RankedFacts {
  if (rows === undefined || sha256 === undefined) throw new ScoringError(`ranked part ${key} does not say its rows`);
  return { rows: Number(rows), sha256 };
}
