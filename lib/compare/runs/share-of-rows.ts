/** A share of the training rows, as in figure 3 of arXiv 1804.07931. */
import { type RandomStream, randomStream } from '../../numbers/random.ts';
import { DataError } from '../../table/errors.ts';
import type { RowsToFit } from '../../training/networks/own-rows.ts';
import type { EncodedRows } from '../../training/rows/encoded-rows.ts';
import type { ReachedRows } from '../../training/rows/reached-rows.ts';
import { rowsOfChunk } from './rows-of-chunk.ts';

/** Which share, and the path of the file that the rows are copied to. */
export interface RowShare {
  readonly share: number;
  /** The rows' random numbers, by their place: a smaller share is part of a larger one. */
  readonly random: RandomStream;
  readonly path: string;
}

/** The random numbers of the training rows, by their place, of which those below a share are in it. */
export function shareStream(seed: number): RandomStream {
  return randomStream(seed, 'share of training rows');
}

/** Returns the rows to train on with a share of the training rows; the validation rows stay as they are. */
export async function shareOfRows(rows: RowsToFit, { share, random, path }: RowShare): Promise<RowsToFit> {
  const selected = await rows.train.select({
    path,
    rule: ({ uniforms }) => ({ copies: Uint16Array.from(uniforms, (uniform) => Number(uniform < share)) }),
    stages: Object.keys(rows.rates),
    random,
    propensities: null,
  });
  if (selected.rows.rows === 0)
    throw new DataError(
      'no_rows',
      `no training row is in a share of ${share} of ${rows.train.rows}, expected more rows`,
    );
  const isTaken = (place: number) => random.uniform(place) < share;
  const reached = Object.entries(rows.reached).map(([stage, { train, validation }]) => [
    stage,
    { train: takenRows(train, rows.train.rows, isTaken), validation },
  ]);
  return { ...rows, train: selected.rows, rates: selected.rates, reached: Object.fromEntries(reached) };
}

/** The rows that are taken of those that reached a stage, with their places among all rows that are taken. */
function takenRows(
  { encoded, places }: ReachedRows,
  allRows: number,
  isTaken: (place: number) => boolean,
): ReachedRows {
  const before = new Uint32Array(allRows);
  for (let place = 0, taken = 0; place < allRows; place++) {
    before[place] = taken;
    if (isTaken(place)) taken++;
  }
  const taken = places.filter(isTaken);
  return {
    encoded: chunksOf(encoded, taken.length, (row) => isTaken(places[row] as number)),
    places: taken.map((place) => before[place] as number),
  };
}

function chunksOf(from: EncodedRows, rows: number, isTaken: (row: number) => boolean): EncodedRows {
  return {
    rows,
    stored: () => {
      throw new Error('rows that are taken of others are not stored');
    },
    async *chunks() {
      let first = 0;
      for await (const chunk of from.chunks()) {
        const indices = Uint32Array.from({ length: chunk.rows }, (_, i) => i).filter((i) => isTaken(first + i));
        first += chunk.rows;
        yield rowsOfChunk(chunk, indices);
      }
    },
  };
}
