/**
 * The declaration: what a person writes in `entirespace.yaml`, parsed, checked and with every default filled in.
 *
 * The rest of the product sees only these types. YAML, its snake_case keys and its positions do not leave this folder.
 */

import type { IdSource } from './features/id-sources.ts';
import type { Feature } from './features/kinds.ts';
import type { Entity } from './features/one-column.ts';
import type { CsvChoice } from './sections/csv.ts';
import type { GateChoice } from './sections/gate.ts';
import type { Log } from './sections/log.ts';
import type { ModelChoice } from './sections/model.ts';
import type { MonitoringChoice } from './sections/monitoring.ts';
import type { ReportChoice } from './sections/report.ts';
import type { ScoringChoice } from './sections/scoring.ts';
import type { TrainingChoice } from './sections/training.ts';

export type { IdSource } from './features/id-sources.ts';
export type { BagFeature, CategoryFeature, Feature, ListFeature, NumberFeature } from './features/kinds.ts';
export type { Entity } from './features/one-column.ts';
export type { CsvChoice } from './sections/csv.ts';
export type { GateChoice } from './sections/gate.ts';
export type { Log } from './sections/log.ts';
export type { CrossesChoice, ExpertsChoice, ModelChoice, TypeSettings } from './sections/model.ts';
export type { MonitoringChoice } from './sections/monitoring.ts';
export type { ReportChoice } from './sections/report.ts';
export type { Ranking, ScoreExpression, ScoringChoice } from './sections/scoring.ts';
export type { TrainingChoice } from './sections/training.ts';

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
  /** Column with the time at which the row reached the stage. `null` if the log does not have it. */
  readonly at: string | null;
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

/** How the log is divided into training, validation and test rows. */
export type Split =
  /** Shares of the rows, assigned by the md5 of the columns' text and the seed. */
  | {
      readonly by: 'hash';
      readonly columns: readonly string[];
      readonly validation: number;
      readonly test: number;
      readonly seed: number;
      /** Whether no split is declared. @default false */
      readonly isDefault?: boolean;
    }
  /** Rows in order of time: the training rows are the earliest, the test rows the latest. */
  | {
      readonly by: 'time';
      readonly validation: TimeBound;
      readonly test: TimeBound;
      /** Whether no split is declared. @default false */
      readonly isDefault?: boolean;
    }
  /** Rows by the text that they have in a column. */
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

/** An entity, such as the user, whose features may come from a table with a row for each, instead of from candidates. */
export interface EntityTable {
  readonly entity: Entity;
  /** Column, in the candidates and in the table, that identifies a user, an item, ... */
  readonly key: string;
  /** What happens to a candidate whose key is not in the table: it is rejected, or scored with missing values. */
  readonly missing: 'reject' | 'unknown';
}

/** A whole declaration, with every default filled in. */
export interface Declaration {
  readonly name: string;
  /** Name of the root stage: what a row of the log is. */
  readonly root: string;
  readonly stages: readonly Stage[];
  readonly roles: Roles | null;
  readonly log: Log;
  readonly csv: CsvChoice;
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
  readonly monitoring: MonitoringChoice;
}
