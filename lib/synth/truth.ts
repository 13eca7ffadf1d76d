/**
 * The truth of a synthetic log, as SQL. A click happens with logit c, and a clicked impression converts with logit v,
 * both raised by `hiddenBias` where an unseen cause is present, in half of all impressions, and lowered by it where it is
 * not. The mean over the cause is a sum of two terms, so the truths are exact:
 *
 * - pctr = P(y = 1 | x)
 * - pcvr_do = P(z = 1 | do(y = 1), x): of impressions that somebody makes clicked, whatever their cause
 * - pcvr = P(z = 1 | y = 1, x) = pcvr_do + Cov(click, conversion | x) / pctr: of those that are clicked by themselves,
 *   in which the cause is present more often
 */
import { type Database, query } from '../table/database.ts';

/** Logits of a row as SQL, without the unseen cause. */
export interface Logits {
  readonly click: string;
  readonly conversion: string;
}

/** Returns the SQL of a probability from its logit. */
export function sigmoidSql(logit: string): string {
  return `(1 / (1 + exp(-(${logit}))))`;
}

/**
 * Returns the SQL of the true probabilities of rows with the columns `click_with`, `click_without`, `conversion_with` and
 * `conversion_without`: the probabilities where the unseen cause is present, and where it is not.
 */
export const TRUTHS = {
  true_pctr: '(click_with + click_without) / 2',
  // With equal probabilities the covariance is 0, and both truths are the same number.
  true_pcvr:
    '(conversion_with + conversion_without) / 2 + (click_with - click_without) * (conversion_with - conversion_without) / (2 * (click_with + click_without))',
  true_pcvr_do: '(conversion_with + conversion_without) / 2',
} as const;

/** Returns the SQL of the columns that `TRUTHS` reads. */
export function causedProbabilities({ click, conversion }: Logits, hiddenBias: number): string {
  const both = (logit: string, name: string) => [
    `${sigmoidSql(`${logit} + ${hiddenBias}`)} AS ${name}_with`,
    `${sigmoidSql(`${logit} - ${hiddenBias}`)} AS ${name}_without`,
  ];
  return [...both(click, 'click'), ...both(conversion, 'conversion')].join(', ');
}

/** What is added to both logits of every row, so that the rates are those that are asked for. */
export interface Intercepts {
  readonly click: number;
  readonly conversion: number;
}

/**
 * Finds the intercepts by bisection.
 * @param logits SQL after FROM of rows with the columns `click` and `conversion`: logits without intercepts.
 */
export async function findIntercepts(
  database: Database,
  logits: string,
  {
    clickRate,
    conversionRate,
    hiddenBias,
  }: { readonly clickRate: number; readonly conversionRate: number; readonly hiddenBias: number },
): Promise<Intercepts> {
  const rows = await query(database, `SELECT click, conversion FROM ${logits}`);
  const clicks = Float64Array.from(rows, (row) => Number(row.click));
  const conversions = Float64Array.from(rows, (row) => Number(row.conversion));
  const ones = new Float64Array(rows.length).fill(1);
  const click = interceptOf([hiddenBias, -hiddenBias], clicks, [ones, ones], clickRate);
  // A conversion counts as often as the row is clicked, with the cause and without.
  const weights = [hiddenBias, -hiddenBias].map((cause) => clicks.map((logit) => sigmoid(click + logit + cause)));
  return { click, conversion: interceptOf([hiddenBias, -hiddenBias], conversions, weights, conversionRate) };
}

/** Returns the intercept with which the weighted mean of the probabilities, over rows and causes, is a rate. */
function interceptOf(
  causes: readonly number[],
  logits: Float64Array,
  weights: readonly Float64Array[],
  rate: number,
): number {
  const total = weights.reduce((sum, of) => sum + of.reduce((a, b) => a + b, 0), 0);
  const meanAt = (intercept: number) => {
    let sum = 0;
    for (const [index, cause] of causes.entries()) {
      const of = weights[index] as Float64Array;
      for (let row = 0; row < logits.length; row++)
        sum += (of[row] as number) * sigmoid(intercept + (logits[row] as number) + cause);
    }
    return sum / total;
  };
  let [low, high] = [-60, 60];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (meanAt(middle) < rate) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
