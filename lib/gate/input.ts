/** Everything that the gate decides by: the rules, the rows, and both models. */
import type { GateChoice } from '../config/declaration.ts';
import type { FunnelTask } from '../evaluation/funnel.ts';
import type { FeatureCounts } from '../table/encode/value-counts.ts';
import type { SuspiciousColumn } from '../table/fit/suspicious.ts';
import type { LossStage } from './comparison/row-losses.ts';
import type { FeatureFacts } from './guards/feature-guards.ts';
import type { EarlierDecision } from './guards/lasting.ts';

/** Rows of the gate window, in the order of the log. */
export interface GateRows {
  /** Labels of the rows by labelled stage: 1, 0, or -1 if unknown. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  /** Rows of the full log that a row stands for; `null` for 1 each. */
  readonly weight: Float32Array | null;
  /** The declared group of each row, such as its user, or else its day; `null` if the log has neither. */
  readonly group: { readonly of: Float64Array; readonly kind: 'groups' | 'days' } | null;
}

/** A model's probabilities of the gate's rows, and rates of its training rows. */
export interface Contender {
  /** Probabilities of the rows by output. */
  readonly probabilities: Readonly<Record<string, Float32Array>>;
  /** Share of its training rows that reached each labelled stage. */
  readonly stageRates: Readonly<Record<string, number>>;
  /** Mean label of its training rows by task. */
  readonly taskRates: Readonly<Record<string, number>>;
  /** Share of the rows of its log that repeat the keys of another row. */
  readonly repeatedKeys: number;
}

/** The new model. */
export interface Challenger extends Contender {
  readonly features: FeatureFacts;
  /** Features that tell a label by themselves. */
  readonly suspicious: readonly SuspiciousColumn[];
}

/** The model of the current version. */
export interface Champion extends Contender {
  readonly version: string;
  readonly ageMs: number;
  /** `null` where its files do not tell. */
  readonly features: FeatureFacts | null;
  /** Counts of the compared rows by its encoder. */
  readonly compared: FeatureCounts;
  /** Features whose unknown values both versions count alike: by the same kind of ids, and the same split. */
  readonly alike: ReadonlySet<string>;
}

/** Everything that the gate decides by. */
export interface GateInput {
  readonly rules: GateChoice;
  readonly seed: number;
  readonly rows: GateRows;
  readonly tasks: readonly FunnelTask[];
  /** The labelled stages of the loss. */
  readonly loss: readonly LossStage[];
  /** Stage whose positives are counted against `min_conversions`. */
  readonly conversion: string;
  readonly challenger: Challenger;
  /** `null` where no version is in use. */
  readonly champion: Champion | null;
  /** Earlier decisions against the same champion, the latest first. */
  readonly earlier: readonly EarlierDecision[];
}
