/** How many rows and features the importance is measured with, so that the work is bounded for any log and model. */

/** Shuffles of each feature, of which the mean is taken. */
export const SHUFFLES = 3;

/** Most rows of the sample; more would not change what is drawn. */
const MOST_ROWS = 20_000;
/** Fewest rows; with fewer, the intervals say nothing. Rather are fewer features measured. */
const LEAST_ROWS = 500;
/** Fewest features that are measured, as many as are drawn. */
const LEAST_FEATURES = 10;
/** Rows that are scored for all features together, and values of features in them. */
const SCORED_ROWS = 200_000;
const SCORED_VALUES = 60_000_000;

/** Values that are scored to find the features that are worth measuring, where they are too many. */
const SCREENED_VALUES = 20_000_000;
const SCREENED_ROWS: readonly [least: number, most: number] = [4, 64];

/** The work for a model of so many features. */
export interface ImportancePlan {
  /** Rows of the sample. */
  readonly rows: number;
  /** Features that are measured. */
  readonly features: number;
  /** Rows of the sample on which those are found, where they are not all. */
  readonly screenedRows: number;
}

/** Plans the work. Up to about 200 features, all of them are measured, the more of them the fewer rows. */
export function planImportance(features: number): ImportancePlan {
  const all = Math.max(1, features);
  const rows = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.floor(SCORED_ROWS / (SHUFFLES * all))));
  const affordable = Math.floor(SCORED_VALUES / (SHUFFLES * rows * all));
  const [least, most] = SCREENED_ROWS;
  return {
    rows,
    features: Math.min(features, Math.max(LEAST_FEATURES, affordable)),
    screenedRows: Math.min(most, Math.max(least, Math.floor(SCREENED_VALUES / all ** 2))),
  };
}
