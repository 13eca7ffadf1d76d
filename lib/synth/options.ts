/** What a synthetic log is to be like, and what of it is not possible. */

/** Size, rates and biases of a synthetic log. */
export interface SynthOptions {
  readonly rows: number;
  /** Distinct users, and items. */
  readonly users: number;
  readonly items: number;
  /** Exponent of Zipf's law by which users, and items, are frequent; 0 makes all of them equally frequent. */
  readonly userExponent: number;
  readonly itemExponent: number;
  /** Share of the impressions that are clicked, and of the clicks that convert. */
  readonly clickRate: number;
  readonly conversionRate: number;
  /** Rise of the click's logit for each standard deviation of what the features add to the conversion's logit. */
  readonly observedBias: number;
  /** Rise of both logits where the unseen cause is present, and fall where it is not. */
  readonly hiddenBias: number;
  /** Days that the log spans, and its first day as YYYY-MM-DD, from midnight UTC. */
  readonly days: number;
  readonly start: string;
  /** Mean days from a click to its conversion; `null` where conversions are known at once. */
  readonly delay: number | null;
  /** Days after which conversions depend on the features in another way, and how much of it changes; `null` for never. */
  readonly drift: { readonly fromDay: number; readonly share: number } | null;
  readonly seed: number;
}

/** Impressions that are shown together, to one user. */
export const REQUEST_ROWS = 20;

/** The options that are taken where no others are asked for. */
export const DEFAULTS: SynthOptions = {
  rows: 1_000_000,
  users: 100_000,
  items: 20_000,
  userExponent: 0.5,
  itemExponent: 1,
  clickRate: 0.04,
  conversionRate: 0.02,
  observedBias: 0.5,
  hiddenBias: 0,
  days: 14,
  start: '2025-01-01',
  delay: null,
  drift: null,
  seed: 1,
};

/** Biases beyond these leave no click, or no conversion, to chance. */
const MOST_BIAS = 5;

/** Thrown where a log cannot be as it is asked for. */
export class SynthOptionsError extends Error {
  override readonly name = 'SynthOptionsError';
}

/** @throws {SynthOptionsError} naming every option that is not possible. */
export function assertPossible(options: SynthOptions): void {
  const problems = problemsOf(options);
  if (problems.length > 0) throw new SynthOptionsError(problems.join('; '));
}

function problemsOf({ rows, clickRate, conversionRate, observedBias, hiddenBias, days, ...rest }: SynthOptions) {
  const { delay, drift, userExponent, itemExponent } = rest;
  const conversions = rows * clickRate * conversionRate;
  const rate = (name: string, value: number) =>
    check(value > 0 && value < 1, `--${name}`, value, 'a rate above 0 and below 1');
  return [
    ...rate('click-rate', clickRate),
    ...rate('conversion-rate', conversionRate),
    ...check(Math.abs(observedBias) <= MOST_BIAS, '--observed-bias', observedBias, `-${MOST_BIAS} to ${MOST_BIAS}`),
    ...check(hiddenBias >= 0 && hiddenBias <= MOST_BIAS, '--hidden-bias', hiddenBias, `0 to ${MOST_BIAS}`),
    ...check(userExponent >= 0 && userExponent <= 3, '--user-exponent', userExponent, '0 to 3'),
    ...check(itemExponent >= 0 && itemExponent <= 3, '--item-exponent', itemExponent, '0 to 3'),
    ...check(delay === null || delay > 0, '--delay', delay, 'days above 0'),
    ...(drift === null
      ? []
      : [
          ...check(
            drift.fromDay < days,
            '--drift-from',
            drift.fromDay,
            `a day before the end of the log, ${days} days`,
          ),
          ...check(drift.share > 0 && drift.share <= 1, '--drift', drift.share, 'a share above 0, and at most 1'),
        ]),
    ...(conversions < 1 && clickRate > 0 && conversionRate > 0
      ? [
          `--rows: ${rows} rows with a click rate of ${clickRate} and a conversion rate of ${conversionRate} have ${conversions.toPrecision(2)} conversions to expect, expected at least 1`,
        ]
      : []),
  ];
}

function check(isPossible: boolean, option: string, got: number | null, expected: string): readonly string[] {
  return isPossible ? [] : [`${option}: got ${got}, expected ${expected}`];
}
