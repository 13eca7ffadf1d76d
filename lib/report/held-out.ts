/** The held-out rows as the report needs them: what both versions say of them, and some of them encoded. */
import type { Declaration } from '../config/declaration.ts';
import { openScoringModel } from '../engine/ort/scoring-model.ts';
import type { FunnelRows } from '../evaluation/funnel.ts';
import type { CheckedLog } from '../table/check/log.ts';
import type { SegmentCodes } from '../table/check/outcomes.ts';
import type { Database } from '../table/database.ts';
import type { Encoder } from '../table/encode/encoder.ts';
import type { EncodedChunk, LogChunk } from '../table/encoded.ts';
import { readEncoder } from '../table/fit/encoder-files.ts';
import { type ScoredRows, scoreRows } from '../training/evaluate-model.ts';
import { matureRows, pickRows } from '../training/mature-rows.ts';
import type { OnProgress } from '../training/progress.ts';
import { UnknownIds } from '../training/unknown-ids.ts';
import { joinChunks, pickEncoded } from './encoded-rows.ts';
import { SHUFFLES } from './importance.ts';

/** Rows that are kept encoded, at most, and all rows that are scored to find the importance of every feature. */
const SAMPLE_ROWS = 50_000;
const SHUFFLED_ROWS = 5_000_000;

export interface HeldOutOptions {
  readonly database: Database;
  readonly log: CheckedLog;
  /** Local folder with the new version's files. */
  readonly folder: string;
  /** That of the model before its calibration, of the same encoder; `null` where it has none. */
  readonly uncalibratedFolder: string | null;
  /** The version to compare with; `null` for none, or where its scores of these rows prove nothing. */
  readonly champion: { readonly folder: string; readonly encoder: Encoder } | null;
  /** Held-out rows. */
  readonly rows: number;
  readonly threads: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface HeldOut {
  /** Rows of which every label is known, with the new version's probabilities. */
  readonly rows: FunnelRows;
  /** Of the same rows, the probabilities of the version before and of the model before its calibration. */
  readonly champion: FunnelRows['probabilities'] | null;
  readonly uncalibrated: FunnelRows['probabilities'] | null;
  /** Rows that were left out, for not all of their labels are known. */
  readonly youngRows: number;
  readonly segments: readonly SegmentCodes[];
  /** By feature with a vocabulary: share of its values that the encoder does not know. */
  readonly unknownShares: Readonly<Record<string, number>>;
  readonly sample: Sample;
}

/** Some rows of known labels, evenly over the log, as the model reads them. */
export interface Sample {
  readonly chunk: EncodedChunk;
  readonly labels: FunnelRows['labels'];
  readonly weight: Float32Array;
}

/** Scores the held-out rows with every model that is asked for. */
export async function scoreHeldOut(options: HeldOutOptions): Promise<HeldOut> {
  const { database, log, folder, uncalibratedFolder, champion, rows: total } = options;
  const encoder = await readEncoder(database, folder);
  const unknown = new UnknownIds(encoder);
  const sampler = new Sampler(log.declaration, total);
  const all = await scoresOf(options, { folder, encoder }, (chunk) => {
    unknown.add(chunk);
    sampler.add(chunk);
  });
  const mature = matureRows(all.labels);
  const others = async (model: { readonly folder: string; readonly encoder: Encoder } | null) =>
    model && pickRows(await scoresOf(options, model), mature).probabilities;
  return {
    rows: pickRows(all, mature),
    champion: await others(champion),
    uncalibrated: await others(uncalibratedFolder === null ? null : { folder: uncalibratedFolder, encoder }),
    youngRows: all.rows - mature.length,
    segments: all.segments.map(({ codes, ...segmentation }) => ({
      ...segmentation,
      codes: Int8Array.from(mature, (row) => codes[row] as number),
    })),
    unknownShares: unknown.shares(),
    sample: sampler.sample(),
  };
}

async function scoresOf(
  { database, log, threads, rows, onProgress, signal }: HeldOutOptions,
  { folder, encoder }: { readonly folder: string; readonly encoder: Encoder },
  onChunk?: (chunk: LogChunk) => void,
): Promise<ScoredRows> {
  const model = await openScoringModel(folder, { threads });
  try {
    return await scoreRows({
      database,
      log,
      encoder,
      model,
      parts: ['test'],
      rows,
      ...(onChunk && { onChunk }),
      ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, phase: 'report' }) }),
      ...(signal && { signal }),
    });
  } finally {
    await model.release();
  }
}

/**
 * Whether a row is one of every so many. Not each n-th itself: logs repeat themselves, as with ten positions a page. The
 * multiples of the golden ratio are spread evenly over the unit interval, at no period.
 */
function isPicked(row: number, every: number): boolean {
  return ((row * 0.6180339887498949) % 1) * every < 1;
}

/** Takes about one of every so many rows out of the chunks that pass by. */
class Sampler {
  readonly #stages: readonly string[];
  readonly #every: number;
  readonly #picked: { chunk: EncodedChunk; labels: Record<string, Int8Array>; weight: Float32Array }[] = [];
  #seen = 0;

  constructor({ stages, features }: Declaration, rows: number) {
    this.#stages = stages.filter(({ label }) => label !== null).map(({ name }) => name);
    this.#every = Math.max(1, Math.ceil(rows / sampleRows(features.length)));
  }

  add(chunk: LogChunk): void {
    const mature = matureRows(chunk.labels);
    const rows = mature.filter((_, index) => isPicked(this.#seen + index, this.#every));
    this.#seen += mature.length;
    this.#picked.push({
      chunk: pickEncoded(chunk, rows),
      labels: Object.fromEntries(
        this.#stages.map((stage) => [stage, Int8Array.from(rows, (row) => chunk.labels[stage]?.[row] as number)]),
      ),
      weight: Float32Array.from(rows, (row) => chunk.weight[row] as number),
    });
  }

  sample(): Sample {
    const chunk = joinChunks(this.#picked.map((piece) => piece.chunk));
    const labels = this.#stages.map((stage): [string, Int8Array] => [
      stage,
      joined(
        new Int8Array(chunk.rows),
        this.#picked.map((piece) => piece.labels[stage] as Int8Array),
      ),
    ]);
    const weights = this.#picked.map((piece) => piece.weight);
    return { chunk, labels: Object.fromEntries(labels), weight: joined(new Float32Array(chunk.rows), weights) };
  }
}

/** The values of all chunks, one after the other, in an array of that length. */
function joined<T extends Float32Array | Int8Array>(into: T, chunks: readonly T[]): T {
  let at = 0;
  for (const chunk of chunks) {
    into.set(chunk, at);
    at += chunk.length;
  }
  return into;
}

/** Of many features each is shuffled among fewer rows. */
function sampleRows(features: number): number {
  return Math.min(SAMPLE_ROWS, SHUFFLED_ROWS / (SHUFFLES * Math.max(1, features)));
}
