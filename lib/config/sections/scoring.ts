import * as z from 'zod';
import { SCORES_FORMATS } from '../../contract/bucket.ts';
import type { ExpressionNode } from '../expression/parse.ts';
import { column, columnOrColumns, rejectable, text, whole } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

const rank = z
  .strictObject({
    by: column.default('score').describe('What ranks a row, the highest first: score or an output.'),
    within: columnOrColumns
      .optional()
      .describe(
        'Column, or list of columns, of the candidates within whose values rows are ranked. Default: the file.',
      ),
    top: whole(1).optional().describe('Most rows of a group that are kept. Default: all.'),
  })
  .transform(({ by, within = [], top = null }) => ({
    by,
    within: typeof within === 'string' ? [within] : within,
    top,
  }));

/** Schema of the section `scoring`. */
export const scoring = z
  .strictObject({
    columns: z.enum(['keys', 'all']).default('keys').describe('Columns copied from the candidates to the scores.'),
    format: z.enum(SCORES_FORMATS).default('parquet').describe('How the scores are written.'),
    score: text('an expression such as pctcvr * price')
      .nullable()
      .default(null)
      .describe('Arithmetic expression over outputs and columns of numbers, whose value is the column score.'),
    rank: rank.nullable().default(null).describe('The column rank of the scores, from 1, and the rows that are kept.'),
    max_rejected: rejectable.default(0.1).describe('Share of bad rows in a candidate file above which the file fails.'),
    max_unknown: rejectable
      .nullable()
      .default(null)
      .describe("Share of a feature's values in a candidate file, unknown to the model, above which the file fails."),
    max_missing: rejectable
      .nullable()
      .default(null)
      .describe('Share of the rows of a candidate file without a value of a feature above which the file fails.'),
  })
  .transform(camelKeys)
  .prefault({})
  .describe('What the score files hold.');

/** The section `scoring`, as parsed. */
export type ScoringShape = z.output<typeof scoring>;

/** By what rows are ranked, within which columns' values, and how many of each group are kept; `null` for all. */
export type Ranking = z.output<typeof rank>;

/** The expression of `scoring.score`. */
export interface ScoreExpression {
  readonly text: string;
  readonly root: ExpressionNode;
  /** Outputs of the model that it reads, each once. */
  readonly outputs: readonly string[];
  /** Columns of numbers that it reads, each once. */
  readonly columns: readonly string[];
}

/** What score files hold, and the shares of a candidate file's rows and values that may be bad. */
export interface ScoringChoice extends Omit<ScoringShape, 'score'> {
  /** What the column `score` is; `null` for none. */
  readonly score: ScoreExpression | null;
}
