/**
 * Which rows train a network, how often, and with which weights. A network states it as a rule over the labels of a row,
 * a random number of the row's own, and the probability that the row had of reaching a stage; training carries it out
 * (`lib/training/rows/select-rows.ts`), once, before the first step.
 */

/** Rows of the log that a rule decides on, column by column. */
export interface RowBlock {
  readonly rows: number;
  /** 1 if the row reached the stage; 0 if it did not, or if the label is not known yet; by labelled stage. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  /** Weight of the row in the log; 0 if the label of the stage is not known yet; by labelled stage. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  /** A number in [0, 1) for each row that depends on the seed and on the row's place in the log alone. */
  readonly uniforms: Float64Array;
  /**
   * Probability of reaching the stage `TrainingRows.propensityOf`, predicted by a network that was not trained on the
   * row; 0 in rows that did not reach the stage, whose probability is not predicted.
   */
  readonly propensities: Float32Array;
}

/** What becomes of each row of a block. */
export interface RowUse {
  /** How many times the row is trained on in an epoch; 0 if it is left out. */
  readonly copies: Uint16Array;
  /** Factor of the row's weights; left out where the weights stay as they are. */
  readonly factors?: Float32Array;
}

/** Decides on the rows of a block. It must treat each row by itself: blocks may be of any size. */
export type RowRule = (block: RowBlock) => RowUse;

/** The rows that a network is trained on, stops early by, and takes its base rates from. */
export interface TrainingRows {
  /** The labelled stage whose probability the rule needs; left out where it needs none. */
  readonly propensityOf?: string;
  /**
   * Returns the rule.
   *
   * @param propensities of the training rows that reached `propensityOf`, in the log's order; empty without that stage
   */
  rule(propensities: Float32Array): RowRule;
}

/** Returns the rule that takes every row of a stage once: those that are known to have reached it. */
export function rowsThatReached(stage: string): TrainingRows {
  return { rule: () => (block) => ({ copies: Uint16Array.from(labelsOf(block, stage)) }) };
}

/** Returns the labels of a stage. */
export function labelsOf({ labels }: RowBlock, stage: string): Float32Array {
  return labels[stage] as Float32Array;
}
