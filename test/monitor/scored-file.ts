/** Files that monitoring finds in a bucket, without anything having been scored. */
import { FORMAT_VERSION, type ScoresManifest } from '../../lib/scoring/protocol/records.ts';
import { recordText } from '../../lib/store/records.ts';
import type { Store } from '../../lib/store/store.ts';

/** A file whose rows all have scores, in one part. */
export interface ScoredFile extends Partial<Pick<ScoresManifest, 'features' | 'outputs' | 'seconds'>> {
  /** Of the file below `candidates/` and `scores/`: `dt=2026-11-06/all.parquet`. */
  readonly file: string;
  /** Number of the part, and so of the attempt that scored it. */
  readonly index: number;
  readonly version: string;
  readonly rows: number;
  readonly finishedAt: Date;
}

/** Key of the part with the scores of a file. */
export function partKey({ file, index }: Pick<ScoredFile, 'file' | 'index'>): string {
  return `scores/${file}/part-${String(index).padStart(8, '0')}-00000.parquet`;
}

/** Puts the manifest of a scored file, as the last step of scoring does. */
export async function putManifest(store: Store, scored: ScoredFile): Promise<void> {
  const { file, index, version, rows, features = {}, outputs, seconds = 1 } = scored;
  const finishedAt = scored.finishedAt.toISOString();
  const manifest: ScoresManifest = {
    formatVersion: FORMAT_VERSION,
    source: String(index).padStart(16, '0'),
    key: `candidates/${file}`,
    versionId: 'v',
    model: { name: 'shop', version },
    parts: [{ key: partKey(scored), rows, sha256: '0' }],
    rejects: [],
    rowsIn: rows,
    scored: rows,
    rejected: 0,
    rejectedByReason: {},
    features,
    ...(outputs && { outputs }),
    repeatedKeys: 0,
    notes: [],
    seconds,
    cpuModels: ['any'],
    plannedAt: finishedAt,
    finishedAt,
  };
  await store.put(`scores/${file}/_manifest.json`, recordText(manifest));
}
