/** Guards of the features' values: columns that tell a label, went missing, changed their format or became constant. */
import { fixed, percent, precise } from '../../numbers/text.ts';
import {
  type FeatureCounts,
  missingShare,
  type PartCounts,
  unknownShare,
  type ValueCounts,
} from '../../table/encode/value-counts.ts';
import {
  type Distribution,
  type Distributions,
  modeShare,
  type NumberDistribution,
} from '../../table/fit/distributions.ts';
import { LEAK_AUC, type SuspiciousColumn, suspicionText } from '../../table/fit/suspicious.ts';
import type { Guard } from './guard.ts';

/** What is known of the values that a version was made from. */
export interface FeatureFacts {
  /** Counts by its own encoder. */
  readonly counts: PartCounts;
  /** Distributions in its training rows. */
  readonly distributions: Distributions;
}

/** The values that both versions were made from, and those of the compared rows. */
export interface FeatureComparison {
  readonly challenger: FeatureFacts;
  readonly champion: FeatureFacts;
  /** Counts of the compared rows by the champion's encoder. */
  readonly compared: FeatureCounts;
  /**
   * Features whose shares of unknown values both versions count alike: by the same kind of ids and the same split.
   */
  readonly alike: ReadonlySet<string>;
}

/** The limits of these guards. */
export interface FeatureRules {
  readonly maxUnknown: number;
  readonly maxRise: number;
  readonly trusted: readonly string[];
}

export const TRAINING_ROWS = 'the new training rows';
export const COMPARED_ROWS = 'the compared rows';

/** A feature has one value from this share on. */
const CONSTANT = 0.999;
/** Factor by which the median of a number in another unit differs at least: hours of minutes, cents, milliseconds. */
const OTHER_UNIT = 3;
/** Share of values outside of the middle 98% before, from which the numbers are others. */
const MOST_OUTSIDE = 0.5;
/** No value of a feature had more than this share: that all are the same now is not a small change. */
const VARIED = 0.5;

/** A feature that tells a label by itself; most likely its column is made of the label. */
export function leakGuard(suspicion: SuspiciousColumn): Guard {
  return {
    guard: 'leak',
    of: suspicion.feature,
    where: suspicion.stage,
    value: suspicion.auc,
    least: null,
    most: LEAK_AUC,
    holds: suspicion.auc <= LEAK_AUC,
    sentence: `${suspicionText(suspicion)}, expected at most ${fixed(LEAK_AUC, 2)}: most likely it is known only afterwards (if it is right, gate.trusted: [${suspicion.feature}])`,
  };
}

/** Share of a feature's values that an encoder does not know. */
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

/** The guards that compare the values of both versions, feature by feature. */
export function changeGuards(comparison: FeatureComparison, rules: FeatureRules): Guard[] {
  const { challenger, champion, compared, alike } = comparison;
  const { maxRise } = rules;
  const { train, test } = champion.counts;
  return [
    ...pairs(challenger.counts.train, train).map(([feature, now, before]) =>
      missingGuard(feature, TRAINING_ROWS, now, before, maxRise),
    ),
    ...pairs(compared, train).map(([feature, now, before]) =>
      missingGuard(feature, COMPARED_ROWS, now, before, maxRise),
    ),
    ...pairs(challenger.counts.test, test)
      .filter(([feature, now]) => alike.has(feature) && now.unknown !== null)
      .map(([feature, now, before]) => unknownRiseGuard(feature, now, before, maxRise)),
    ...Object.entries(compared)
      .filter(([, { unknown, values }]) => unknown !== null && values > 0)
      .map(([feature, now]) => unknownToChampionGuard(feature, unknownShare(now), rules.maxUnknown)),
    ...pairs(challenger.distributions, champion.distributions).flatMap(
      ([feature, now, before]) => constantGuard(feature, now, before) ?? [],
    ),
    ...pairs(challenger.distributions, champion.distributions).flatMap(
      ([feature, now, before]) => scaleGuard(feature, now, before) ?? [],
    ),
  ];
}

/** What is strange of the values of a first version, with which nothing can be compared, as sentences. */
export function oddFeatures({ counts, distributions }: FeatureFacts): string[] {
  return Object.entries(distributions).flatMap(([feature, distribution]) => {
    const training = counts.train[feature];
    if (training !== undefined && training.rows > 0 && training.values === 0)
      return [`${feature} is missing in all of the training rows`];
    return modeShare(distribution) === 1 ? [`${feature} has the same value in all of the training rows`] : [];
  });
}

function missingGuard(feature: string, where: string, now: ValueCounts, before: ValueCounts, rise: number): Guard {
  const [value, was] = [missingShare(now), missingShare(before)];
  const most = Math.min(1, was + rise);
  return {
    guard: 'missing',
    of: feature,
    where,
    value,
    least: null,
    most,
    holds: value <= most,
    sentence: `${feature} is missing in ${percent(value)} of ${where}, expected at most ${percent(most)}: ${percent(was)} in the training rows of the current version (gate.max_rise)`,
  };
}

function unknownRiseGuard(feature: string, now: ValueCounts, before: ValueCounts, rise: number): Guard {
  const [value, was] = [unknownShare(now), unknownShare(before)];
  const most = Math.min(1, was + rise);
  return {
    guard: 'unknown_ids',
    of: feature,
    where: 'as the current version was judged',
    value,
    least: null,
    most,
    holds: value <= most,
    sentence: `${percent(value)} of the values of ${feature} are unknown to the new version, expected at most ${percent(most)}: ${percent(was)} were to the current version when it was trained (gate.max_rise)`,
  };
}

function unknownToChampionGuard(feature: string, share: number, most: number): Guard {
  return {
    guard: 'unknown_ids',
    of: feature,
    where: COMPARED_ROWS,
    value: share,
    least: null,
    most,
    holds: share <= most,
    sentence: `${percent(share)} of the values of ${feature} in ${COMPARED_ROWS} are unknown to the current version, expected at most ${percent(most)}: are they written in another way? (gate.max_unknown)`,
  };
}

/** Returns the guard of a feature that varied before; `null` if it did not, or has no values to tell by. */
function constantGuard(feature: string, now: Distribution, before: Distribution): Guard | null {
  const [value, was] = [modeShare(now), modeShare(before)];
  if (value === null || was === null || was > VARIED) return null;
  return {
    guard: 'constant',
    of: feature,
    value,
    least: null,
    most: CONSTANT,
    holds: value < CONSTANT,
    sentence: `${percent(value)} of the values of ${feature} in ${TRAINING_ROWS} are the same one, expected below ${percent(CONSTANT)}: ${percent(was)} in those of the current version (if it is right, gate.trusted: [${feature}])`,
  };
}

/**
 * Returns the guard of a number whose values are about as large as before; `null` if there are too few to tell, or the
 * median was 0. It does not hold where most values are where hardly any was, and the median is a multiple or a fraction
 * of the one before.
 */
function scaleGuard(feature: string, now: Distribution, before: Distribution): Guard | null {
  if (now.kind !== 'number' || before.kind !== 'number') return null;
  const [median, was] = [atRank(now, 0.5), atRank(before, 0.5)];
  const [low, high] = [atRank(before, 0.01), atRank(before, 0.99)];
  if (median === null || was === null || low === null || high === null || was === 0) return null;
  const ratio = median / was;
  const outside = now.values.filter((value) => value < low || value > high).length / now.values.length;
  const isOther = outside > MOST_OUTSIDE && (ratio > OTHER_UNIT || ratio < 1 / OTHER_UNIT);
  return {
    guard: 'scale',
    of: feature,
    value: ratio,
    least: 1 / OTHER_UNIT,
    most: OTHER_UNIT,
    holds: !isOther,
    sentence: `the median of ${feature} in ${TRAINING_ROWS} is ${precise(median)}, that of the current version was ${precise(was)}, and ${percent(outside)} of the values are outside of what was usual, ${precise(low)} to ${precise(high)}${isOther ? `: is it in another unit? (if it is right, gate.trusted: [${feature}])` : ''}`,
  };
}

/** Returns the value at a rank from 0 to 1; `null` without values. */
function atRank({ values }: NumberDistribution, rank: number): number | null {
  return values[Math.floor(rank * (values.length - 1))] ?? null;
}

/** Returns what two records say of each feature that both have. */
function pairs<T>(now: Readonly<Record<string, T>>, before: Readonly<Record<string, T>>): [string, T, T][] {
  return Object.entries(now).flatMap(([feature, value]) =>
    Object.hasOwn(before, feature) ? [[feature, value, before[feature] as T] as [string, T, T]] : [],
  );
}
