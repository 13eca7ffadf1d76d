/** Guards of a model's outputs and of the labels: numbers, entropy, sums, drift and rates. */
import type { GateChoice } from '../../config/declaration.ts';
import type { FunnelTask } from '../../evaluation/funnel.ts';
import { stabilityIndex } from '../../numbers/stability.ts';
import { count, percent, precise } from '../../numbers/text.ts';
import { tooFewUnits } from '../comparison/bootstrap.ts';
import type { OutputComparison } from '../comparison/compare.ts';
import type { Guard } from './guard.ts';

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
  { title, output, challenger, units }: OutputComparison,
  given: string | null,
  why: string,
): Guard {
  const { value, lower } = challenger.normalizedEntropy;
  const untold = given === null ? null : tooFewUnits(units);
  const judged = given === null ? value : value === null ? null : lower;
  const holds = value !== null && untold !== null ? true : judged !== null && judged < 1;
  const interval = given === null ? '' : ` (at least ${precise(lower)} with 97.5% confidence${units.note})`;
  const expected = 'expected below 1, that of the constant training rate';
  const sentence =
    value === null
      ? `normalised entropy of ${title} cannot be told: ${why}`
      : untold === null
        ? `normalised entropy of ${title} is ${precise(value)}${interval}, ${expected}`
        : `normalised entropy of ${title} is ${precise(value)}, ${expected}: whether it is shown to be above cannot be told, ${untold}`;
  return { guard: 'normalized_entropy', of: output, value, least: null, most: 1, holds, sentence };
}

/** Predicted over observed; only an interval that lies outside the limits altogether is a fault. */
export function pcocGuard(
  { title, output, challenger, units }: OutputComparison,
  [least, most]: GateChoice['pcoc'],
): Guard {
  const { value, lower, upper } = challenger.pcoc;
  const untold = tooFewUnits(units);
  const isTooHigh = lower !== null && lower > most;
  const isTooLow = upper !== null && upper < least;
  const expected = `expected within ${least} to ${most} (gate.pcoc)`;
  return {
    guard: 'pcoc',
    of: output,
    value,
    least,
    most,
    holds: untold !== null || !(isTooHigh || isTooLow),
    sentence:
      value === null
        ? `PCOC of ${title} cannot be told: no positive rows, ${expected}`
        : untold === null
          ? `PCOC of ${title} is ${precise(value)} (95% interval ${precise(lower)} to ${precise(upper)}${units.note}), ${expected}`
          : `PCOC of ${title} is ${precise(value)}, ${expected}: whether it is outside cannot be told, ${untold}`,
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
    where,
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
