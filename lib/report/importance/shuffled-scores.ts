/** Scores rows again and again, each time with the values of one feature from other rows. */
import type { ScoringModel } from '../../engine/ort/scoring-model.ts';
import type { EncodedChunk } from '../../table/encoded.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { mapAhead } from '../../workers/map-ahead.ts';
import { joinChunks, replaceInputs } from './encoded-rows.ts';

/** Rows that the model scores at once: a run takes its time for each input, however few rows it has. */
const ROWS_TOGETHER = 8192;

/** A feature, and for each row the one whose value it gets. */
export interface Shuffle {
  readonly feature: string;
  readonly donors: Uint32Array;
}

/** The parts of a model that the functions here use. */
export type Predicting = Pick<ScoringModel, 'predict' | 'chunksAtOnce'>;

/** Yields the probabilities of the chunk's rows under each shuffle, in order. */
export async function* scoreShuffled(
  { predict, chunksAtOnce }: Predicting,
  chunk: EncodedChunk,
  shuffles: readonly Shuffle[],
): AsyncGenerator<Probabilities> {
  const { rows } = chunk;
  for await (const probabilities of mapAhead(shuffledChunks(chunk, shuffles), chunksAtOnce, predict))
    for (let at = 0; at < (Object.values(probabilities)[0]?.length ?? 0); at += rows)
      yield Object.fromEntries(
        Object.entries(probabilities).map(([name, values]) => [name, values.subarray(at, at + rows)]),
      );
}

/** The rows under one shuffle after the other, of some shuffles at a time. */
async function* shuffledChunks(chunk: EncodedChunk, shuffles: readonly Shuffle[]): AsyncGenerator<EncodedChunk> {
  const { rows } = chunk;
  if (rows === 0) return;
  const most = Math.min(shuffles.length, Math.max(1, Math.floor(ROWS_TOGETHER / rows)));
  const copiesOf = (count: number) => joinChunks(new Array<EncodedChunk>(count).fill(chunk));
  const copies = copiesOf(most);
  for (let first = 0; first < shuffles.length; first += most) {
    const some = shuffles.slice(first, first + most);
    yield replaceInputs(
      some.length === most ? copies : copiesOf(some.length),
      chunk,
      some.map(({ feature, donors }, place) => ({ input: feature, donors, at: place * rows })),
    );
  }
}
