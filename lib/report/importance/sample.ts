/** Some of the held-out rows, encoded: those among which features are shuffled. */
import type { FunnelRows } from '../../evaluation/funnel.ts';
import { permutation, type RandomStream } from '../../numbers/random.ts';
import type { EncodedChunk } from '../../table/encoded.ts';
import type { HeldOut } from '../../training/held-out/held-out.ts';
import { pickRows } from '../../training/held-out/mature-rows.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { joinChunks, pickEncoded } from './encoded-rows.ts';
import { drawByOutcome } from './strata.ts';

/** Rows of known labels, as the model reads them. */
export interface Sample {
  readonly chunk: EncodedChunk;
  /** The new version's probabilities of them. */
  readonly probabilities: Probabilities;
  readonly labels: FunnelRows['labels'];
  /** Number of rows of the full log that a row stands for. */
  readonly weight: Float32Array;
}

/** Takes a sample of up to `most` of the rows at these indices, which are ascending. */
export async function sampleOf(
  { encoded, labels, weight, probabilities }: HeldOut,
  indices: Uint32Array,
  most: number,
): Promise<Sample> {
  const drawn = drawByOutcome(labels, indices, most);
  const pieces: EncodedChunk[] = [];
  let [first, taken] = [0, 0];
  for await (const chunk of encoded.chunks()) {
    const from = taken;
    while (taken < drawn.indices.length && (drawn.indices[taken] as number) < first + chunk.rows) taken += 1;
    const rows = drawn.indices.subarray(from, taken).map((row) => row - first);
    pieces.push(pickEncoded(chunk, rows));
    first += chunk.rows;
  }
  const own = pickRows({ probabilities, labels, weight, group: null }, drawn.indices);
  return {
    chunk: joinChunks(pieces),
    probabilities: own.probabilities,
    labels: own.labels,
    weight:
      own.weight === null ? drawn.counts : drawn.counts.map((count, row) => count * (own.weight?.[row] as number)),
  };
}

/**
 * Draws for each row of a sample one whose value it gets: as often as it stands for rows of the log, so that the values
 * are distributed as in all rows. Where all weights are equal, it is a permutation.
 */
export function drawDonors(weight: Float32Array, random: RandomStream): Uint32Array {
  const rows = weight.length;
  const total = weight.reduce((sum, value) => sum + value, 0);
  const start = random.uniform(rows);
  const donors = new Uint32Array(rows);
  let [donor, below] = [0, 0];
  for (let place = 0; place < rows; place++) {
    const at = ((place + start) / rows) * total;
    while (donor < rows - 1 && below + (weight[donor] as number) <= at) below += weight[donor++] as number;
    donors[place] = donor;
  }
  return permutation(rows, random).map((place) => donors[place] as number);
}
