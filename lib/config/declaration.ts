/**
 * The declaration: what a person writes in `entirespace.yaml`, parsed, checked and with every default filled in.
 *
 * The rest of the product sees only these types. YAML, its snake_case keys and its positions do not leave this folder.
 */

import type { CalibrationKind, LearningRateDecay, ModelType, OptimizerType } from './choices.ts';
import type { IdSource } from './features/id-sources.ts';
import type { Feature } from './features/kinds.ts';
import type { Entity } from './features/one-column.ts';

export type { IdSource } from './features/id-sources.ts';
export type { BagFeature, CategoryFeature, Feature, NumberFeature } from './features/kinds.ts';
export type { Entity } from './features/one-column.ts';

/** A stage of the funnel. The root is the row itself (an impression) and is not among the stages. */
export interface Stage {
  readonly name: string;
  /** Stages that lead here; the root's name if the stage follows the root directly. */
  readonly from: readonly string[];
  /** 0/1 column of the log: whether the row reached this stage. `null` for a stage without a label. */
  readonly label: string | null;
  /** Weight of this stage's cross-entropy in the loss. */
  readonly weight: number;
  /**
   * The sibling of which this stage is the complement, reached exactly if the sibling is not. A complement shares that
   * stage's tower and has no label.
   */
  readonly complementOf: string | null;
  /**
   * Name of the group of siblings of which a row reaches at most one. Their probabilities are one softmax, in which an
   * extra class stands for none of them. `null` outside any group.
   */
  readonly exclusive: string | null;
  /** Milliseconds after which the label is final; until then it is unknown. `null` if it is final at once. */
  readonly withinMs: number | null;
  /**
   * What happens if the label is 1 although no stage before was reached: the row is rejected, the label counts as 0
   * (`and`), or the run fails.
   */
  readonly inconsistent: 'reject' | 'and' | 'fail';
  /** Share of all rows that may be inconsistent before the run fails. */
  readonly maxInconsistent: number;
}

/** The stages that are impression, click and conversion in the columns `pctr`, `pcvr` and `pctcvr` of the scores. */
export interface Roles {
  readonly impression: string;
  readonly click: string;
  readonly conversion: string;
}

/** Columns of the log that are neither features nor labels, and the share of its rows that may be bad. */
export interface Log {
  /** Columns that identify a row; they are copied to the scores. */
  readonly keys: readonly string[];
  /** Column with the time of the row. */
  readonly time: string | null;
  /**
   * Column with the group of the row, such as its user. GAUC compares rows of a group, a bootstrap draws whole groups.
   */
  readonly group: string | null;
  /** Rate at which unclicked impressions were kept in a sampled log: a constant or a column; `null` in a full log. */
  readonly kept: number | { readonly column: string } | null;
  /** Columns known only afterwards (revenue, dwell time): never features. */
  readonly outcomes: readonly string[];
  /** Share of the log's rows that may be bad before the run fails. */
  readonly maxRejected: number;
}

/** How the log is divided into training, validation and test rows. */
export type Split =
  /** By md5 of the column's text and the seed: shares of the rows. */
  | {
      readonly by: 'hash';
      readonly column: string;
      readonly validation: number;
      readonly test: number;
      readonly seed: number;
    }
  /** In order of time: training rows first, test rows last. */
  | { readonly by: 'time'; readonly validation: TimeBound; readonly test: TimeBound }
  /** By the text values of a column. */
  | {
      readonly by: 'column';
      readonly column: string;
      readonly train: readonly string[];
      readonly validation: readonly string[];
      readonly test: readonly string[];
    };

/** A part of a split by time: its share of all rows, or its first instant in epoch milliseconds. */
export type TimeBound = { readonly share: number } | { readonly from: number };

/** A table of embedding rows, shared by every feature that names it. */
export interface EmbeddingTable {
  readonly name: string;
  /** Width of an embedding. */
  readonly dimension: number;
  readonly ids: IdSource;
}

/** An entity (user or item) whose features may come from a table with a row for each, instead of from candidates. */
export interface EntityTable {
  readonly entity: Exclude<Entity, 'context'>;
  /** Column, in the candidates and in the table, that identifies a user or an item. */
  readonly key: string;
  /** What happens to a candidate whose key is not in the table: it is rejected, or scored with missing values. */
  readonly missing: 'reject' | 'unknown';
}

/** Which network is trained, and how large it is. */
export interface ModelChoice {
  /** The network and its objective: a file of lib/model/models. */
  readonly type: ModelType;
  /** Units of each tower's hidden layers. */
  readonly hiddenUnits: readonly number[];
  /** Embeddings side by side, or summed over the features of an entity (figure 2 of arXiv 1804.07931). */
  readonly fields: 'concatenate' | 'sum_by_entity';
}

/** How the network is trained. */
export interface TrainingChoice {
  readonly batchSize: number;
  readonly epochs: number;
  readonly optimizer: OptimizerType;
  readonly learningRate: number;
  /** Share of the previous step that `sgd` adds to the next one; 0 with every other optimizer. */
  readonly momentum: number;
  /** Steps over which the learning rate grows to its full value. */
  readonly warmupSteps: number;
  /** How the learning rate falls towards 0 after the warm-up, over all epochs. */
  readonly learningRateDecay: LearningRateDecay;
  /** Factor of the L2 penalty's gradient on the embedding rows of a batch. */
  readonly l2Embeddings: number;
  /** Share of hidden units dropped. */
  readonly dropout: number;
  /** Epochs without a better validation loss after which training stops, and keeps the best one; `null` for never. */
  readonly patience: number | null;
  readonly seed: number;
  /** What is fitted to each tower's logits on the validation rows, and exported with the model. */
  readonly calibration: CalibrationKind;
}

/** What score files hold, and the share of a candidate file's rows that may be bad. */
export interface ScoringChoice {
  /** Columns copied from the candidates to the scores. */
  readonly columns: 'keys' | 'all';
  /** Share of a candidate file's rows that may be bad before the file fails. */
  readonly maxRejected: number;
}

/** The limits that decide whether a new version becomes the current one without a person's consent. */
export interface GateChoice {
  /** Conversions that the compared rows must have before metrics decide anything. */
  readonly minConversions: number;
  /** Age, in milliseconds, from which a version that is as good replaces the current one; `null` for never. */
  readonly maxAgeMs: number | null;
  /** What "as good" means for `maxAgeMs`: the loss is higher by at most this share of the current version's loss. */
  readonly tolerance: number;
  /** Lowest and highest allowed PCOC: the sum of the predicted probabilities divided by the sum of the labels. */
  readonly pcoc: readonly [number, number];
  /** Factor by which a label's rate may differ from the current version's training rate, in either direction. */
  readonly labelRate: number;
  /** Share of a feature's values that may be unknown to the encoder. */
  readonly maxUnknown: number;
  /** Highest allowed population stability index between both versions' probabilities; `null` for no limit. */
  readonly drift: number | null;
}

/** Optional contents of a version's report. */
export interface ReportChoice {
  /** Columns of the log. For each of their frequent values the report shows every AUC separately. */
  readonly segments: readonly string[];
}

/** A whole declaration, with every default filled in. */
export interface Declaration {
  readonly name: string;
  /** Name of the root stage: what a row of the log is. */
  readonly root: string;
  readonly stages: readonly Stage[];
  readonly roles: Roles | null;
  readonly log: Log;
  readonly split: Split;
  /** The entities that may have tables; empty if every candidate file must have every column. */
  readonly entities: readonly EntityTable[];
  /** Every embedding table, including those that belong to a single feature. */
  readonly embeddings: readonly EmbeddingTable[];
  readonly features: readonly Feature[];
  readonly model: ModelChoice;
  readonly training: TrainingChoice;
  readonly scoring: ScoringChoice;
  readonly gate: GateChoice;
  readonly report: ReportChoice;
}
