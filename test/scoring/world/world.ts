/** A store in memory, a candidate file without data, and the port that "scores" it: all that the protocol touches. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Queue } from '../../../lib/queue/queue.ts';
import { type Arrival, type FileVersion, fileVersion } from '../../../lib/scoring/protocol/keys.ts';
import type { CandidateFiles, CurrentModel, ScoredShard } from '../../../lib/scoring/protocol/ports.ts';
import { type MemoryStore, memoryStore } from '../../../lib/store/memory-store.ts';

export const KEY = 'candidates/day=1/today.parquet';
export const FOLDER = 'scores/day=1/today.parquet/';

/** Rows of each shard, good and bad, and what is found in them. @default every value is known, every key once */
export type Shards = readonly ({ readonly scored: number; readonly rejected: number } & Partial<
  Pick<ScoredShard, 'features' | 'repeatedKeys'>
>)[];

export const MODEL: CurrentModel = {
  name: 'hillstrom',
  version: 'm1',
  limits: { maxRejected: 0.5, maxUnknown: null, maxMissing: null },
  ranking: null,
  usual: { item: { missing: 0, unknown: 0.25 } },
};
/** The same model, whose scores are ranked. */
export const RANKED: CurrentModel = { ...MODEL, ranking: { by: 'pctr', within: ['user'], top: 3 } };
/** Rows of each part that the fake port keeps of ranked scores. */
export const KEPT = 3;
export const SHARD: Shards = [{ scored: 8, rejected: 2 }];
export const TWO_SHARDS: Shards = [...SHARD, { scored: 10, rejected: 0 }];

// Several test files of a worker share it; it is removed with the run's temporary folder.
const folder = mkdtempSync(join(tmpdir(), 'entirespace-proof-'));
const written = new Set<string>();

/** Folder for scratch files, and for what the fake port "writes". */
export const scratch: string = folder;

/** Puts a version of the candidate file; a later `time` is a later version. */
export async function putCandidate(store: MemoryStore, time: number, key = KEY): Promise<FileVersion> {
  const { versionId } = await store.put(key, `version ${time}`);
  return fileVersion(arrivalAt(key, versionId, time));
}

/** Another store with the same objects, without their older versions. */
export async function copyOf(store: MemoryStore): Promise<MemoryStore> {
  const copy = memoryStore();
  for (const key of store.keys()) {
    const { body, metadata } = await store.get(key);
    await copy.put(key, body, { metadata });
  }
  return copy;
}

export function arrivalAt(key: string, versionId: string, time: number): Arrival {
  const sequencer = `00${time.toString(16).padStart(8, '0')}00000000`;
  return { bucket: 'bucket', key, versionId, sequencer, eventTime: new Date(time * 1000).toISOString(), attempt: 1 };
}

/**
 * The port over rows that exist in name only: each part's bytes say which version, shard and model they are of, and end
 * with `lastBits`, which differ between processors.
 */
export function fakeFiles(shards: Shards | ((file: FileVersion) => Shards), lastBits = ''): CandidateFiles {
  const shardsOf = (file: FileVersion) => (typeof shards === 'function' ? shards(file) : shards);
  return {
    async plan(file) {
      let firstRow = 0;
      const ranges = shardsOf(file).map(({ scored, rejected }, index) => {
        const range = { index, firstRow, rows: scored + rejected };
        firstRow += range.rows;
        return range;
      });
      return { format: 'parquet', columns: [], size: 1, rows: firstRow, dialect: null, shards: ranges, notes: [] };
    },
    async scoreShard({ file, shard, model }) {
      const { scored = 0, rejected = 0, features, repeatedKeys = 0 } = shardsOf(file)[shard] ?? {};
      return {
        scoresPath: fileWith(`${partText(file.source, shard, model.version)}${lastBits}`),
        rejectsPath: rejected > 0 ? fileWith(`rejects of ${file.source} ${shard}`) : null,
        rowsIn: scored + rejected,
        scored,
        rejected,
        rejectedByReason: rejected > 0 ? { missing_key: rejected } : {},
        features: features ?? { item: { rows: scored, missing: 0, values: scored, unknown: 0 } },
        repeatedKeys,
      };
    },
    async rankPart({ parts, shard, model }) {
      return { path: fileWith(`${rankedText(parts[shard] ?? '', model.version)}${lastBits}`), rows: KEPT };
    },
  };
}

export function partText(source: string, shard: number, model: string): string {
  return `scores of ${source} ${shard} by ${model}`;
}

export function rankedText(part: string, model: string): string {
  return `ranks of ${part} by ${model}`;
}

/** A queue that only remembers. */
export function rememberingQueue(): Queue & { readonly bodies: string[] } {
  const bodies: string[] = [];
  return {
    bodies,
    async send(more) {
      bodies.push(...more);
    },
  };
}

export { type MemoryStore, memoryStore };

/** Path of a file with this text, which is written once. */
function fileWith(text: string): string {
  const path = join(folder, createHash('md5').update(text).digest('hex'));
  if (!written.has(path)) writeFileSync(path, text);
  written.add(path);
  return path;
}
