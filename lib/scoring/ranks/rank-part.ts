/** Ranks the rows of a file's parts: the store's bytes and DuckDB's ranks. */
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScoresFormat } from '../../contract/bucket.ts';
import { openObjectFile } from '../../store/object-file.ts';
import type { Store } from '../../store/store.ts';
import { writeRankedPart, writeRanks } from '../../table/candidates/rank.ts';
import type { Database } from '../../table/database.ts';
import type { CandidateFile } from '../../table/formats/candidate-file.ts';
import type { RankedPart, RankRequest } from '../protocol/ports.ts';

/** Ranks one part. The ranks of all parts are found by the first call, and stay in its scratch folder for the others. */
export async function rankPart(
  { store, database, format }: { readonly store: Store; readonly database: Database; readonly format: ScoresFormat },
  { parts, shard, ranking, scratch }: RankRequest,
): Promise<RankedPart> {
  const ranks = join(scratch, 'ranks.parquet');
  if (!existsSync(ranks)) await rankAll({ store, database }, { parts, ranking, scratch }, ranks);
  const folder = await mkdtemp(join(scratch, 'part-'));
  try {
    const part = await openPart(store, parts[shard] ?? '', folder);
    await part.fetch([{ start: 0, end: part.size }]);
    const path = join(scratch, `ranked.${format}`);
    const rows = await writeRankedPart(database, { part, index: shard, ranking, ranks, path, format });
    return { path, rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rankAll(
  { store, database }: { readonly store: Store; readonly database: Database },
  { parts, ranking, scratch }: Pick<RankRequest, 'parts' | 'ranking' | 'scratch'>,
  path: string,
): Promise<void> {
  const folder = await mkdtemp(join(scratch, 'parts-'));
  try {
    const files: CandidateFile[] = [];
    for (const key of parts) files.push(await openPart(store, key, folder));
    await writeRanks(database, files, ranking, `${path}.part`);
    await rename(`${path}.part`, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openPart(store: Store, key: string, folder: string): Promise<CandidateFile> {
  return { name: key, ...(await openObjectFile(store, { key }, folder)) };
}
