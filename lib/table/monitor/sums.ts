/** What monitoring sums over joined rows: nothing of single rows is kept. All of it can be added. */
import type { Bins } from '../../numbers/logit-bins.ts';

/** Parts of the time within which a label becomes final, by which young rows and delays are counted. */
export const AGE_PARTS = 32;

/** Sums over the rows of known label of an output, on which rows the output is measured. */
export interface KnownSums {
  readonly rows: number;
  /** Rows times their weights: how many rows of a full log they stand for. */
  readonly weight: number;
  /** Of the probabilities p, weighted as the others. */
  readonly predicted: number;
  /** Of p (1 - p). */
  readonly variance: number;
  readonly positives: number;
  /** Of -log p of what happened, in nats. */
  readonly loss: number;
  /** Of the entropy of p, in nats: the loss that is expected if the probabilities are right. */
  readonly entropy: number;
  /** By the bin of p's logit: rows, sums of p, and positives; all weighted. */
  readonly bins: { readonly weight: Bins; readonly predicted: Bins; readonly positives: Bins };
}

/** Sums over the rows whose label is not final yet, by their age in `AGE_PARTS` parts of `within`. */
export interface YoungSums {
  readonly predicted: readonly number[];
  /** Positives so far. */
  readonly positives: readonly number[];
  /** Those of them whose event came within half of the row's age; zeros where events have no times. */
  readonly early: readonly number[];
}

/** Sums over the rows that two versions have scored, of the loss of the one before minus that of the last one. */
export interface PairedSums {
  readonly rows: number;
  readonly difference: number;
  readonly squares: number;
}

/** A value of a segment column. */
export interface SegmentSums {
  readonly column: string;
  readonly value: string | null;
  readonly rows: number;
  readonly predicted: number;
  readonly positives: number;
  readonly money: number;
}

/** What is known of the scores of one day and one version from their outcomes. */
export interface JoinedSums {
  /** Outcomes that count as those of scores of this day and version. */
  readonly outcomes: number;
  /** By output. */
  readonly known: Readonly<Record<string, KnownSums>>;
  readonly young: Readonly<Record<string, YoungSums>>;
  /** Positives of final labels by the parts of `within` in which their events came, by stage whose events have times. */
  readonly delays: Readonly<Record<string, readonly number[]>>;
  readonly segments: readonly SegmentSums[];
  /** By version that scored the same rows before, and output. */
  readonly paired: Readonly<Record<string, Readonly<Record<string, PairedSums>>>>;
}

/** What is counted of the scores of one day and one version, with or without outcomes. */
export interface ScoreCounts {
  readonly rows: number;
  /** Different keys. */
  readonly keys: number;
  /** Keys that have an outcome in the time within which it would count. */
  readonly matched: number;
}
