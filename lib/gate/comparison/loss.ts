/** Champion and challenger by the loss that training minimises: the comparison, and what it says for people. */
import { count, precise } from '../../numbers/text.ts';
import { fewConversionsAdvice } from '../few-conversions.ts';
import type { Champion, GateInput } from '../input.ts';
import { bootstrap, estimate, quantile, ratioStatistic, sumByUnit, type UnitKind, unitText } from './bootstrap.ts';
import type { ChosenUnits } from './compare.ts';
import { rowLosses } from './row-losses.ts';

/** Resamples of the bootstrap. */
export const RESAMPLES = 2000;
/** Confidence of the one-sided bound on the difference in loss. */
export const CONFIDENCE = 0.95;
const DAY_MS = 86_400_000;

/** Champion and challenger on the loss; nats a row, the difference is champion - challenger. */
export interface LossComparison {
  readonly champion: number;
  readonly challenger: number;
  readonly difference: number;
  /** One-sided 95% lower bound of the difference, and what it must exceed. */
  readonly lowerBound: number;
  readonly threshold: number;
  readonly resamples: number;
  /** What was resampled, and how many of it. */
  readonly units: { readonly kind: UnitKind; readonly count: number };
}

/** Compares the losses of both models on the same rows. */
export function compareLosses(
  { rows: { labels, weight }, loss, challenger, rules, seed }: GateInput,
  champion: Champion,
  { units, kind }: ChosenUnits,
): LossComparison {
  const weightOf = (row: number) => (weight === null ? 1 : (weight[row] as number));
  const summed = (losses: Float64Array) => sumByUnit(units, (row) => weightOf(row) * (losses[row] as number));
  const [before, after] = [champion, challenger].map(({ probabilities }) => rowLosses(loss, probabilities, labels));
  const differences = (before as Float64Array).map((value, row) => value - ((after as Float64Array)[row] as number));
  const denominator = sumByUnit(units, weightOf);
  const difference = ratioStatistic(summed(differences), denominator);
  const resampled = bootstrap([difference], units.count, { resamples: RESAMPLES, seed }).get(difference);
  const championLoss = estimate(ratioStatistic(summed(before as Float64Array), denominator));
  return {
    champion: championLoss,
    challenger: estimate(ratioStatistic(summed(after as Float64Array), denominator)),
    difference: estimate(difference),
    lowerBound: quantile(resampled as Float64Array, 1 - CONFIDENCE),
    threshold: isOld(rules, champion) ? -rules.tolerance * championLoss : 0,
    resamples: RESAMPLES,
    units: { kind, count: units.distinct },
  };
}

/** The reasons by the loss not to promote the challenger: too little to tell by, or it is not lower. */
export function lossProblems(
  { rules, conversion }: GateInput,
  champion: Champion,
  conversions: number,
  { tooFew }: ChosenUnits,
  { lowerBound, threshold, units, ...loss }: LossComparison,
): string[] {
  const stays = isOld(rules, champion)
    ? `; the current version stays, though it is ${days(champion.ageMs)} old (gate.max_age)`
    : '';
  if (conversions < rules.minConversions)
    return [
      `metrics decide nothing: ${count(conversions)} rows with ${conversion} to compare on, expected at least ${count(rules.minConversions)} (gate.min_conversions)${stays}: ${fewConversionsAdvice(conversions)}`,
    ];
  if (tooFew !== null) return [`metrics decide nothing: ${tooFew}${stays}`];
  if (lowerBound > threshold) return [];
  const age = threshold < 0 ? `, for the current version is ${days(champion.ageMs)} old` : '';
  return [
    `not shown to be better: log loss ${precise(loss.challenger)} against ${precise(loss.champion)} of the current version, ${differenceText(loss, lowerBound)}, expected ${threshold < 0 ? `at most ${precise(-threshold)} higher` : 'lower with that confidence'}${age} (${resampling(units)})`,
  ];
}

/** Why the challenger is promoted, by its loss. */
export function promotionReason({ lowerBound, threshold, units, ...loss }: LossComparison): string {
  const how = threshold < 0 ? `enough to replace an old version (at most ${precise(-threshold)} higher)` : 'better';
  return `${how}: log loss ${precise(loss.challenger)} against ${precise(loss.champion)} of the version before, ${differenceText(loss, lowerBound)} (${resampling(units)})`;
}

/** `lower by 0.012, with 95% confidence by at least 0.0031`: no number in it is negative. */
function differenceText({ difference }: Pick<LossComparison, 'difference'>, lowerBound: number): string {
  const change = difference < 0 ? `higher by ${precise(-difference)}` : `lower by ${precise(difference)}`;
  const bound = lowerBound < 0 ? `at most ${precise(-lowerBound)} higher` : `by at least ${precise(lowerBound)}`;
  return `${change}, with 95% confidence ${bound}`;
}

function isOld({ maxAgeMs }: GateInput['rules'], { ageMs }: Champion): boolean {
  return maxAgeMs !== null && ageMs > maxAgeMs;
}

function resampling({ kind, count: units }: LossComparison['units']): string {
  return `${count(RESAMPLES)} resamples of ${unitText(units, kind)}`;
}

function days(milliseconds: number): string {
  const whole = Math.floor(milliseconds / DAY_MS);
  return whole === 1 ? '1 day' : `${whole} days`;
}
