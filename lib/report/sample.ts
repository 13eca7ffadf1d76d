/** Some of the held-out rows, encoded: those among which features are shuffled. */
import type { FunnelRows } from '../evaluation/funnel.ts';
import type { EncodedChunk } from '../table/encoded.ts';
import type { HeldOut } from '../training/held-out/held-out.ts';
import { pickRows } from '../training/held-out/mature-rows.ts';
import type { Probabilities } from '../training/held-out/predict.ts';
import { joinChunks, pickEncoded } from './encoded-rows.ts';

/** Shuffles of each feature: their spread shows what is luck. */
export const SHUFFLES = 3;

/** Rows that are kept encoded, at most, and all rows that are scored to find the importance of every feature. */
const SAMPLE_ROWS = 50_000;
const SHUFFLED_ROWS = 5_000_000;

/** Some rows of known labels, evenly over the log, as the model reads them. */
export interface Sample {
  readonly chunk: EncodedChunk;
  /** The new version's probabilities of them. */
  readonly probabilities: Probabilities;
  readonly labels: FunnelRows['labels'];
  readonly weight: Float32Array;
}

/** Takes a sample of the rows at these indices, which are in order. */
export async function sampleOf(
  { encoded, labels, weight, probabilities, rows }: HeldOut,
  indices: Uint32Array,
  features: number,
): Promise<Sample> {
  const every = Math.max(1, Math.ceil(rows / sampleRows(features)));
  const picked = indices.filter((_, place) => isPicked(place, every));
  const pieces: EncodedChunk[] = [];
  let [first, taken] = [0, 0];
  for await (const chunk of encoded.chunks()) {
    const from = taken;
    while (taken < picked.length && (picked[taken] as number) < first + chunk.rows) taken += 1;
    pieces.push(
      pickEncoded(
        chunk,
        picked.subarray(from, taken).map((row) => row - first),
      ),
    );
    first += chunk.rows;
  }
  const own = pickRows({ probabilities, labels, weight, group: null }, picked);
  const chunk = joinChunks(pieces);
  return { ...own, chunk, weight: own.weight ?? new Float32Array(chunk.rows).fill(1) };
}

/**
 * Whether a row is one of every so many. Not each n-th itself: logs repeat themselves, as with ten positions a page.
 * The multiples of the golden ratio are spread evenly over the unit interval, at no period.
 */
function isPicked(row: number, every: number): boolean {
  return ((row * 0.6180339887498949) % 1) * every < 1;
}

/** Returns the number of rows to sample; the more features, the fewer, so that the work is limited. */
function sampleRows(features: number): number {
  return Math.min(SAMPLE_ROWS, SHUFFLED_ROWS / (SHUFFLES * Math.max(1, features)));
}
