/** What score files hold, with its expression parsed. */
import { namesIn } from '../expression/names.ts';
import { parseExpression } from '../expression/parse.ts';
import type { ScoreExpression, ScoringChoice, ScoringShape } from '../sections/scoring.ts';
import type { Output } from './outputs.ts';

/** Parses the expression of a section without mistakes. */
export function resolveScoring(scoring: ScoringShape, outputs: readonly Pick<Output, 'name'>[]): ScoringChoice {
  return { ...scoring, score: scoring.score === null ? null : scoreExpression(scoring.score, outputs) };
}

/**
 * Parses an expression, and divides its names into outputs and columns: one in quotes is a column.
 * @throws {ExpressionError} where the text is no expression.
 */
export function scoreExpression(text: string, outputs: readonly Pick<Output, 'name'>[]): ScoreExpression {
  const root = parseExpression(text);
  const isOutput = (name: string) => outputs.some((output) => output.name === name);
  const names = namesIn(root);
  const of = (wanted: boolean) => [
    ...new Set(names.filter(({ name, isQuoted }) => (isOutput(name) && !isQuoted) === wanted).map(({ name }) => name)),
  ];
  return { text, root, outputs: of(true), columns: of(false) };
}
