/** Sums and histograms of scores, which can be added: of shards, of files, of days. */
import { addBins, type Bins, countLogits, LOGIT_BINS, trimmedBins } from '../../numbers/logit-bins.ts';

/** Name of the file of the `ScoreStatistics` of a model version's held-out rows, in that version. */
export const SCORE_STATISTICS_FILE = 'score-statistics.json';

/** What is kept of one output of many rows. */
export interface OutputStatistics {
  readonly rows: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Rows by the bin of their logit. */
  readonly bins: Bins;
}

/** Statistics by output. */
export type ScoreStatistics = Readonly<Record<string, OutputStatistics>>;

/** Adds statistics by output; an output that only one of the two has is kept as it is. */
export function addStatistics(a: ScoreStatistics, b: ScoreStatistics): ScoreStatistics {
  const added = { ...a };
  for (const [output, other] of Object.entries(b)) {
    const own = a[output];
    added[output] =
      own === undefined
        ? other
        : {
            rows: own.rows + other.rows,
            sum: own.sum + other.sum,
            sumOfSquares: own.sumOfSquares + other.sumOfSquares,
            bins: addBins(own.bins, other.bins),
          };
  }
  return added;
}

/** Returns the statistics of finite scores, by output. */
export function statisticsOf(scores: Readonly<Record<string, Float32Array>>): ScoreStatistics {
  const counter = new ScoreCounter(Object.keys(scores));
  counter.add(scores);
  return counter.statistics();
}

const NONE = new Float32Array(0);

interface Tally {
  rows: number;
  sum: number;
  sumOfSquares: number;
  readonly counts: Uint32Array;
}

/** Counts scores, chunk by chunk. */
export class ScoreCounter {
  readonly #tallies: ReadonlyMap<string, Tally>;

  constructor(outputs: readonly string[]) {
    this.#tallies = new Map(
      outputs.map((output) => [output, { rows: 0, sum: 0, sumOfSquares: 0, counts: new Uint32Array(LOGIT_BINS) }]),
    );
  }

  /** Counts the scores of a chunk, which must be finite but in the bad rows, which are left out. */
  add(predictions: Readonly<Record<string, Float32Array>>, bad: ReadonlySet<number> = new Set()): void {
    for (const [output, tally] of this.#tallies) {
      const all = predictions[output] ?? NONE;
      const values = bad.size === 0 ? all : all.filter((_, row) => !bad.has(row));
      let [sum, sumOfSquares] = [0, 0];
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as number;
        sum += value;
        sumOfSquares += value * value;
      }
      tally.rows += values.length;
      tally.sum += sum;
      tally.sumOfSquares += sumOfSquares;
      countLogits(values, tally.counts);
    }
  }

  /** The statistics so far. */
  statistics(): ScoreStatistics {
    return Object.fromEntries(
      [...this.#tallies].map(([output, { counts, ...sums }]) => [output, { ...sums, bins: trimmedBins(counts) }]),
    );
  }
}
