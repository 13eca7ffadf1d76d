/** The guards: conditions that a model must meet to be promoted, however good its metrics are. */
import type { GateChoice } from '../config/declaration.ts';
import type { FunnelTask } from '../evaluation/funnel.ts';
import { count, percent, precise } from '../numbers/text.ts';
import type { OutputComparison } from './compare.ts';
import { stabilityIndex } from './drift.ts';

/** The result of one guard: the number that it checked, its limits, and a sentence for people. */
export interface Guard {
  readonly guard: 'numbers' | 'normalized_entropy' | 'pcoc' | 'unknown_ids' | 'drift' | 'label_rate';
  /** The output, feature or stage that it is about. */
  readonly of: string;
  /** `null` where it is undefined, or infinite. */
  readonly value: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly holds: boolean;
  readonly sentence: string;
}

/** Every output must be a probability on every row. */
export function numbersGuard(who: string, probabilities: Readonly<Record<string, Float32Array>>): Guard {
  const bad = Object.entries(probabilities).map(([output, values]) => ({ output, rows: countBad(values) }));
  const worst = bad.reduce((a, b) => (b.rows > a.rows ? b : a), { output: 'every output', rows: 0 });
  const of = bad.reduce((sum, { rows }) => sum + rows, 0);
  return {
    guard: 'numbers',
    of: worst.output,
    value: of,
    least: null,
    most: 0,
    holds: of === 0,
    sentence:
      of === 0
        ? `every score of the ${who} is a number from 0 to 1`
        : `${worst.output} of the ${who} is no number from 0 to 1 in ${count(worst.rows)} ${worst.rows === 1 ? 'row' : 'rows'}, expected one in every row`,
  };
}

/**
 * Normalised entropy below 1: better than the constant training rate. An output that the loss trains must be so; a
 * conditional one, which has but the rows that reached its stage, must not be shown to be worse.
 */
export function entropyGuard(
  { title, output, challenger }: OutputComparison,
  given: string | null,
  why: string,
): Guard {
  const { value, lower } = challenger.normalizedEntropy;
  const judged = given === null ? value : value === null ? null : lower;
  const holds = judged !== null && judged < 1;
  const interval = given === null ? '' : ` (at least ${precise(lower)} with 97.5% confidence)`;
  const sentence =
    value === null
      ? `normalised entropy of ${title} cannot be told: ${why}`
      : `normalised entropy of ${title} is ${precise(value)}${interval}, expected below 1, that of the constant training rate`;
  return { guard: 'normalized_entropy', of: output, value, least: null, most: 1, holds, sentence };
}

/** Predicted over observed; only an interval that lies outside the limits altogether is a fault. */
export function pcocGuard({ title, output, challenger }: OutputComparison, [least, most]: GateChoice['pcoc']): Guard {
  const { value, lower, upper } = challenger.pcoc;
  const isTooHigh = lower !== null && lower > most;
  const isTooLow = upper !== null && upper < least;
  return {
    guard: 'pcoc',
    of: output,
    value,
    least,
    most,
    holds: !isTooHigh && !isTooLow,
    sentence:
      value === null
        ? `PCOC of ${title} cannot be told`
        : `PCOC of ${title} is ${precise(value)} (95% interval ${precise(lower)} to ${precise(upper)}), expected within ${least} to ${most} (gate.pcoc)`,
  };
}

/** Share of a feature's values that the encoder does not know. */
export function unknownGuard(feature: string, share: number, most: number): Guard {
  return {
    guard: 'unknown_ids',
    of: feature,
    value: share,
    least: null,
    most,
    holds: share <= most,
    sentence: `${percent(share)} of the values of ${feature} are unknown to the encoder, expected at most ${percent(most)} (gate.max_unknown)`,
  };
}

/** Checks that two models' probabilities of the same rows have similar distributions. */
export function driftGuard(
  { output, title }: FunnelTask,
  champion: Float32Array,
  challenger: Float32Array,
  most: number | null,
): Guard {
  const value = stabilityIndex(champion, challenger);
  return {
    guard: 'drift',
    of: output,
    value: Number.isFinite(value) ? value : null,
    least: null,
    most,
    holds: most === null || value <= most,
    sentence: `probabilities of ${title} moved by a stability index of ${precise(value)} against the current version's${most === null ? '' : `, expected at most ${most}`} (gate.drift)`,
  };
}

/** Whether a label is as frequent as it was when the champion was trained. */
export function labelRateGuard(
  stage: string,
  where: string,
  rate: number,
  championRate: number,
  factor: number,
): Guard {
  const [least, most] = [championRate / factor, championRate * factor];
  return {
    guard: 'label_rate',
    of: stage,
    value: Number.isFinite(rate) ? rate : null,
    least,
    most,
    holds: rate >= least && rate <= most,
    sentence: `${stage} happened in ${percent(rate)} of ${where}, expected ${percent(least)} to ${percent(most)}: the current version was trained at ${percent(championRate)} (gate.label_rate)`,
  };
}

function countBad(values: Float32Array): number {
  let bad = 0;
  for (const value of values) if (!(value >= 0 && value <= 1)) bad++;
  return bad;
}
