/** Scores rows again and again, each time with the values of one feature from other rows. */
import type { ScoringModel } from '../../engine/ort/scoring-model.ts';
import type { EncodedChunk } from '../../table/encoded.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { joinChunks, replaceInput } from './encoded-rows.ts';

/** Rows that the model scores at once: a run takes its time for each input, however few rows it has. */
const ROWS_TOGETHER = 4096;

/** A feature, and for each row the one whose value it gets. */
export interface Shuffle {
  readonly feature: string;
  readonly donors: Uint32Array;
}

/** Returns the probabilities of the chunk's rows under each shuffle, in order. */
export async function* scoreShuffled(
  model: Pick<ScoringModel, 'predict'>,
  chunk: EncodedChunk,
  shuffles: readonly Shuffle[],
): AsyncGenerator<Probabilities> {
  const { rows } = chunk;
  const most = Math.max(1, Math.floor(ROWS_TOGETHER / Math.max(1, rows)));
  const copies = joinChunks(new Array<EncodedChunk>(Math.min(most, shuffles.length)).fill(chunk));
  for (let first = 0; first < shuffles.length; first += most) {
    const some = shuffles.slice(first, first + most);
    const shuffled = some.reduce(
      (all, { feature, donors }, place) => replaceInput(all, feature, { source: chunk, donors, at: place * rows }),
      copies,
    );
    const probabilities = await model.predict(shuffled);
    for (const place of some.keys()) yield rowsOf(probabilities, place * rows, rows);
  }
}

/** Consecutive rows of the probabilities. */
function rowsOf(probabilities: Probabilities, from: number, rows: number): Probabilities {
  return Object.fromEntries(
    Object.entries(probabilities).map(([name, values]) => [name, values.subarray(from, from + rows)]),
  );
}
