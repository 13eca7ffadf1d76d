/** Counts of requests of one day and version, and how many rows there is time to count. */
import type { OnlineSums } from '../monitor/online/record.ts';
import { ScoreCounter } from '../table/candidates/score-statistics.ts';
import { ValueCounter } from '../table/encode/value-counts.ts';
import type { EncodedChunk } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';

/** Rows whose values and scores are counted: so many a second, saved up to so many. */
const ROWS_PER_SECOND = 2000;
const MOST_SAVED = 20_000;

/** A request that has been scored. */
export interface ScoredRequest {
  readonly at: Date;
  readonly version: string;
  readonly encoder: Pick<Encoder, 'inputs' | 'embeddings'>;
  readonly rejected: number;
  /** The encoded rows. */
  readonly chunk: EncodedChunk;
  /** Those of them that have scores; `undefined` for all. */
  readonly scoredRows: Uint32Array | undefined;
  /** Scores by output. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** Returns the number of rows of a request that have scores. */
export function scoredCount({ scoredRows, chunk }: Pick<ScoredRequest, 'scoredRows' | 'chunk'>): number {
  return scoredRows?.length ?? chunk.rows;
}

/** Chooses the requests that are counted by what the others before took, and not by what is in them. */
export class RowBudget {
  #saved = MOST_SAVED;
  #at = 0;

  /** Whether the rows of a request may be counted. */
  take(rows: number, at: number): boolean {
    this.#saved = Math.min(MOST_SAVED, this.#saved + (Math.max(0, at - this.#at) / 1000) * ROWS_PER_SECOND);
    this.#at = at;
    if (this.#saved <= 0) return false;
    // A large request may take more than is left: were it refused, large ones would count less often than small ones.
    this.#saved -= rows;
    return true;
  }
}

export class RequestTally {
  readonly #scores: ScoreCounter;
  readonly #values: ValueCounter;
  readonly #counted = { requests: 0, rows: 0 };
  readonly #all = { requests: 0, scored: 0, rejected: 0 };
  #lastAt = new Date(0);

  constructor({ outputs, encoder }: Pick<ScoredRequest, 'outputs' | 'encoder'>) {
    this.#scores = new ScoreCounter(Object.keys(outputs));
    this.#values = new ValueCounter(encoder);
  }

  /** Counts a request. @param isCounted whether its values and scores are, too */
  add(request: ScoredRequest, isCounted: boolean): void {
    const rows = scoredCount(request);
    this.#all.requests += 1;
    this.#all.scored += rows;
    this.#all.rejected += request.rejected;
    if (request.at > this.#lastAt) this.#lastAt = request.at;
    if (!isCounted) return;
    this.#counted.requests += 1;
    this.#counted.rows += rows;
    this.#scores.add(request.outputs);
    this.#values.add(request.chunk, request.scoredRows);
  }

  /** The sums so far. */
  sums(): OnlineSums {
    const { scored, rejected } = this.#all;
    return {
      ...this.#all,
      rowsIn: scored + rejected,
      counted: { ...this.#counted },
      features: this.#values.counts(),
      outputs: this.#scores.statistics(),
      lastAt: this.#lastAt.toISOString(),
    };
  }
}
