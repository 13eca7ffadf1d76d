/**
 * The declaration: what a person writes in `entirespace.yaml`, parsed, checked and with every default filled in.
 *
 * The rest of the product sees only these types; YAML, its snake_case keys and its positions stay in this room.
 */

import type { CalibrationKind, LearningRateDecay, ModelType, OptimizerType } from './choices.ts';
import type { IdSource } from './features/id-sources.ts';
import type { Feature } from './features/kinds.ts';
import type { Entity } from './features/one-column.ts';

export type { IdSource } from './features/id-sources.ts';
export type { BagFeature, CategoryFeature, Feature, NumberFeature } from './features/kinds.ts';
export type { Entity } from './features/one-column.ts';

/** A stage of the funnel. The root is the row itself (an impression) and has no entry here. */
export interface Stage {
  readonly name: string;
  /** Stages that lead here; the root's name where the stage follows the row directly. */
  readonly from: readonly string[];
  /** 0/1 column of the log that tells whether the row reached this stage; `null` for a stage that nobody labels. */
  readonly label: string | null;
  /** Weight of this stage's cross-entropy in the loss. */
  readonly weight: number;
  /** The sibling of which this stage is the complement: it shares that stage's tower and has no label. */
  readonly complementOf: string | null;
  /** Name of the exclusive group (one softmax with an exit) that this stage's edge belongs to. */
  readonly exclusive: string | null;
  /** Time in which the outcome is settled, in milliseconds; a younger row's label is unknown. */
  readonly withinMs: number | null;
  /** What happens to a row whose label is 1 while the stage before it was not reached. */
  readonly inconsistent: 'reject' | 'and' | 'fail';
  /** Share of all rows that may be inconsistent before the run fails. */
  readonly maxInconsistent: number;
}

/** Which stages are the impression, click and conversion of the field's vocabulary: names `pctr`, `pcvr`, `pctcvr`. */
export interface Roles {
  readonly impression: string;
  readonly click: string;
  readonly conversion: string;
}

/** The impression log's columns that are neither feature nor label. */
export interface Log {
  /** Columns that identify a row; copied to the scores. */
  readonly keys: readonly string[];
  readonly time: string | null;
  /** Column whose rows belong together (a user): GAUC, and whole-user resampling. */
  readonly group: string | null;
  /** Rate at which unclicked impressions were kept in a sampled log: a constant, a column, or `null` for all. */
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
  /** In order of time: a share of the rows, or the first instant (epoch milliseconds) of the part. */
  | { readonly by: 'time'; readonly validation: TimeBound; readonly test: TimeBound }
  /** By the text values of a column. */
  | {
      readonly by: 'column';
      readonly column: string;
      readonly train: readonly string[];
      readonly validation: readonly string[];
      readonly test: readonly string[];
    };

export type TimeBound = { readonly share: number } | { readonly from: number };

/** A table of embedding rows, shared by every feature that names it. */
export interface EmbeddingTable {
  readonly name: string;
  readonly dimension: number;
  readonly ids: IdSource;
}

/** An entity whose features may lie in a table of their own, one row for each entity, instead of in every candidate. */
export interface EntityTable {
  readonly entity: Exclude<Entity, 'context'>;
  /** Column, of the candidates and of the table, that tells one entity from another. */
  readonly key: string;
  /** What happens to a candidate whose entity the table lacks: it is rejected, or scored with missing values. */
  readonly missing: 'reject' | 'unknown';
}

export interface ModelChoice {
  /** The network and its objective: a file of lib/model/models. */
  readonly type: ModelType;
  /** Units of each tower's hidden layers. */
  readonly hiddenUnits: readonly number[];
  /** Side by side, or summed over the fields of an entity (figure 2 of arXiv 1804.07931). */
  readonly fields: 'concatenate' | 'sum_by_entity';
}

export interface TrainingChoice {
  readonly batchSize: number;
  readonly epochs: number;
  readonly optimizer: OptimizerType;
  readonly learningRate: number;
  /** Factor by which `sgd` keeps the direction of the steps before; 0 with every other optimizer. */
  readonly momentum: number;
  /** Steps over which the learning rate grows to its full value. */
  readonly warmupSteps: number;
  /** How the learning rate falls towards 0 after that, over all epochs. */
  readonly learningRateDecay: LearningRateDecay;
  /** Factor of the L2 penalty's gradient on the embedding rows of a batch. */
  readonly l2Embeddings: number;
  /** Share of hidden units dropped. */
  readonly dropout: number;
  /** Stop after this many epochs without a better validation loss and keep the best; `null` to run all epochs. */
  readonly patience: number | null;
  readonly seed: number;
  /** What is fitted to each tower's logits on the validation rows, and exported with the model. */
  readonly calibration: CalibrationKind;
}

export interface ScoringChoice {
  /** Columns copied from the candidates to the scores. */
  readonly columns: 'keys' | 'all';
  /** Share of a candidate file's rows that may be bad before the file fails. */
  readonly maxRejected: number;
}

/** When a new version becomes the current one by itself. */
export interface GateChoice {
  /** Conversions that the compared rows need before metrics decide anything. */
  readonly minConversions: number;
  /** Age, in milliseconds, from which the current version gives way to one that is as good; `null` for never. */
  readonly maxAgeMs: number | null;
  /** Share of the current version's loss by which its successor may then be worse. */
  readonly tolerance: number;
  /** Least and greatest sum of probabilities over sum of labels. */
  readonly pcoc: readonly [number, number];
  /** Factor by which a label's rate may differ from the current version's training rate, in either direction. */
  readonly labelRate: number;
  /** Share of a feature's values that the encoder may not know. */
  readonly maxUnknown: number;
  /** Population stability index of the two versions' probabilities above which they are too different; `null` for any. */
  readonly drift: number | null;
}

/** What the report of a version shows besides what it always does. */
export interface ReportChoice {
  /** Columns of the log by whose values each AUC is told apart. */
  readonly segments: readonly string[];
}

export interface Declaration {
  readonly name: string;
  /** Name of the root stage: what a row of the log is. */
  readonly root: string;
  readonly stages: readonly Stage[];
  readonly roles: Roles | null;
  readonly log: Log;
  readonly split: Split;
  /** The entities that may have tables; none where every candidate file has every column. */
  readonly entities: readonly EntityTable[];
  /** Every table, those that belong to a single feature included. */
  readonly embeddings: readonly EmbeddingTable[];
  readonly features: readonly Feature[];
  readonly model: ModelChoice;
  readonly training: TrainingChoice;
  readonly scoring: ScoringChoice;
  readonly gate: GateChoice;
  readonly report: ReportChoice;
}
