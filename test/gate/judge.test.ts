import { describe, expect, it } from 'vitest';
import { type Challenger, type GateInput, judge } from '../../lib/gate/judge.ts';
import { DAY, simulate } from './simulate.ts';

/** With some of the challenger's facts, or rules, replaced. */
const changed = (
  input: GateInput,
  challenger: Partial<Challenger>,
  rules: Partial<GateInput['rules']> = {},
): GateInput => ({
  ...input,
  rules: { ...input.rules, ...rules },
  challenger: { ...input.challenger, ...challenger },
});

/** A far better challenger. */
const better = simulate({ seed: 1, users: 300, championNoise: 1, challengerNoise: 0.2 });

/** Standard error of an AUC (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988). */
function deLong(probability: Float32Array, label: Int8Array): number {
  const scores = (of: number) => [...probability].filter((_, row) => label[row] === of);
  const [positives, negatives] = [scores(1), scores(0)];
  const wins = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: readonly number[]) => {
    const centre = mean(values);
    return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  };
  const ofPositives = positives.map((positive) => mean(negatives.map((negative) => wins(positive, negative))));
  const ofNegatives = negatives.map((negative) => mean(positives.map((positive) => wins(positive, negative))));
  return Math.sqrt(variance(ofPositives) / positives.length + variance(ofNegatives) / negatives.length);
}

// A small part of what `npm run test:proof` shows of hundreds of pairs.
describe('of a few pairs', () => {
  const promotedOf = (championNoise: number, challengerNoise: number) =>
    Array.from({ length: 3 }, (_, pair) =>
      judge(simulate({ seed: 4000 + pair, championNoise, challengerNoise })),
    ).filter(({ verdict }) => verdict === 'promoted').length;

  it('most that are known to be better are promoted, and none the other way round', () => {
    expect(promotedOf(0.7, 0.4)).toBeGreaterThanOrEqual(2);
    expect(promotedOf(0.4, 0.9)).toBe(0);
  });

  it('at most one that is equally good is promoted', () => {
    expect(promotedOf(0.4, 0.4)).toBeLessThanOrEqual(1);
  });
});

describe('the decision', () => {
  it('is the same each time, and survives JSON', () => {
    const judgement = judge(better);
    expect(judge(better)).toEqual(judgement);
    expect(JSON.parse(JSON.stringify(judgement))).toEqual(judgement);
    expect(judgement.verdict).toBe('promoted');
    expect(judgement.reasons).toEqual([
      expect.stringMatching(
        /^better: log loss 0\.\d+ against 0\.\d+ of the version before, lower by 0\.\d+, with 95% confidence by at least 0\.\d+ \(2,000 resamples of 300 groups\)$/,
      ),
    ]);
  });

  it('returns the losses, their difference and its bound', () => {
    const { loss } = judge(better).figures;
    const { champion = 0, challenger = 0, difference = 0, lowerBound = 0 } = loss ?? {};
    expect(difference).toBeCloseTo(champion - challenger, 12);
    expect(lowerBound).toBeGreaterThan(0);
    expect(lowerBound).toBeLessThan(difference);
    expect(loss).toMatchObject({ threshold: 0, resamples: 2000, units: { kind: 'groups', count: 300 } });
  });

  it('compares every output, with intervals', () => {
    const [ctr] = judge(better).figures.outputs;
    expect(ctr).toMatchObject({ task: 'ctr', output: 'pctr', rows: 3000 });
    const { auc, logLoss } = ctr?.difference ?? {};
    expect(auc?.value).toBeCloseTo((ctr?.challenger.auc.value ?? 0) - (ctr?.champion?.auc.value ?? 0), 12);
    expect(auc?.lower).toBeGreaterThan(0);
    expect(logLoss?.value).toBeCloseTo((ctr?.challenger.logLoss ?? 0) - (ctr?.champion?.logLoss ?? 0), 6);
    expect(logLoss?.upper).toBeLessThan(0);
  });

  it('has intervals of the AUC as wide as the theory says, where every row is a user of its own', () => {
    const input = simulate({ seed: 5, users: 3000, perUser: 1 });
    const [ctr] = judge(input).figures.outputs;
    const [label, probability] = [input.rows.labels.click, input.challenger.probabilities.pctr];
    const deviation = deLong(probability as Float32Array, label as Int8Array);
    const { lower, upper } = ctr?.challenger.auc ?? {};
    const ratio = ((upper ?? 0) - (lower ?? 0)) / (2 * 1.96 * deviation);
    // Two hundred resamples give the width to about a tenth.
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.3);
  });

  it('does not see how the rows are split into weights', () => {
    const weight = new Float32Array(3000).fill(4);
    const { loss } = judge({ ...better, rows: { ...better.rows, weight } }).figures;
    expect(loss?.lowerBound).toBeCloseTo(judge(better).figures.loss?.lowerBound ?? 0, 12);
  });
});

describe('metrics decide nothing', () => {
  it('with too few conversions', () => {
    const conversions = better.rows.labels.conversion?.reduce((sum, value) => sum + value, 0);
    expect(judge(changed(better, {}, { minConversions: 5000 }))).toMatchObject({
      verdict: 'refused',
      reasons: [
        `metrics decide nothing: ${conversions} rows with conversion to compare on, expected at least 5,000 (gate.min_conversions)`,
      ],
    });
  });

  it('in a window without conversions, and what needs them cannot be told', () => {
    const labels = { ...better.rows.labels, conversion: new Int8Array(3000) };
    const { verdict, reasons } = judge({ ...better, rows: { ...better.rows, labels } });
    expect(verdict).toBe('refused');
    expect(reasons).toEqual([
      'normalised entropy of CVR (clicked) cannot be told: no positive rows',
      'normalised entropy of CTCVR cannot be told: no positive rows',
      expect.stringMatching(/^conversion happened in 0% of the compared rows, expected /),
      'metrics decide nothing: 0 rows with conversion to compare on, expected at least 100 (gate.min_conversions)',
    ]);
  });

  it('with too few users', () => {
    const of = Float64Array.from({ length: 3000 }, (_, row) => row % 29);
    expect(judge({ ...better, rows: { ...better.rows, group: { of, kind: 'groups' } } }).reasons).toEqual([
      'metrics decide nothing: 29 groups to resample, expected at least 30',
    ]);
  });

  it('without rows', () => {
    const labels = { click: new Int8Array(), conversion: new Int8Array() };
    expect(judge({ ...better, rows: { labels, weight: null, group: null } }).reasons).toEqual([
      'there is no row to judge by: no mature row is held out',
    ]);
  });
});

describe('what is resampled', () => {
  const withGroup = (group: GateInput['rows']['group']) =>
    judge({ ...better, rows: { ...better.rows, group } }).figures.loss?.units;

  it('are days where there is no group, unless they are few; then blocks of rows', () => {
    const days = (count: number) => ({
      of: Float64Array.from({ length: 3000 }, (_, row) => row % count),
      kind: 'days' as const,
    });
    expect(withGroup(days(30))).toEqual({ kind: 'days', count: 30 });
    expect(withGroup(days(29))).toEqual({ kind: 'blocks of rows', count: 1000 });
    expect(withGroup(null)).toEqual({ kind: 'blocks of rows', count: 1000 });
  });
});

describe('a current version that has grown old', () => {
  // The challenger is the champion, a hair's breadth lower.
  const input = simulate({ seed: 1, users: 300, championNoise: 0.2 });
  const probabilities = Object.fromEntries(
    Object.entries(input.champion?.probabilities ?? {}).map(([name, values]) => [name, values.map((p) => p * 0.99)]),
  );
  const alike = (rules: Partial<GateInput['rules']>) => judge(changed(input, { probabilities }, rules));

  it('gives way to one that is as good', () => {
    const { verdict, reasons, figures } = alike({ maxAgeMs: 9 * DAY });
    expect(verdict).toBe('promoted');
    expect(figures.loss?.threshold).toBeCloseTo(-0.01 * (figures.loss?.champion ?? 0), 12);
    expect(reasons[0]).toMatch(/^enough to replace an old version \(above -0\.0\d+\): log loss /);
  });

  it('does not while it is young, nor to one that is worse by more than is tolerated', () => {
    expect(alike({ maxAgeMs: 10 * DAY }).reasons[0]).toMatch(/^not shown to be better: .*, expected above 0 \(/);
    expect(alike({ maxAgeMs: 9 * DAY, tolerance: 1e-6 }).reasons[0]).toMatch(
      /expected above -\S+, for the current version is 10 days old \(2,000 resamples of 300 groups\)$/,
    );
  });
});

describe('a first version', () => {
  const first = simulate({ seed: 1, users: 300, isFirst: true });

  it('is promoted where nothing looks broken', () => {
    expect(judge(first)).toMatchObject({
      verdict: 'first',
      reasons: ['no version is in use to compare with, and nothing looks broken'],
      figures: { loss: null },
    });
  });

  it('is not where it knows less than the constant training rate', () => {
    const constant = new Float32Array(3000).fill(0.5);
    const { pctcvr = constant } = first.challenger.probabilities;
    const { verdict, reasons } = judge(changed(first, { probabilities: { pctr: constant, pcvr: constant, pctcvr } }));
    expect(verdict).toBe('refused');
    expect(reasons[0]).toMatch(
      /^normalised entropy of CTR is 1\.\d+, expected below 1, that of the constant training rate$/,
    );
    expect(reasons.some((reason) => reason.startsWith('normalised entropy of CTCVR'))).toBe(false);
  });

  it('is judged leniently by a conditional output, which has few rows', () => {
    const { probabilities, taskRates } = first.challenger;
    // The rate itself, a little off: worse than the constant, but not shown to be.
    const pcvr = new Float32Array(3000).fill((taskRates.cvr as number) * 1.01);
    const { verdict, figures } = judge(changed(first, { probabilities: { ...probabilities, pcvr } }));
    const guard = figures.guards.find(({ guard, of }) => guard === 'normalized_entropy' && of === 'pcvr');
    expect(guard?.value).toBeGreaterThan(1);
    expect([verdict, guard?.holds]).toEqual(['first', true]);
    expect(guard?.sentence).toMatch(/is 1(\.\d+)? \(at least 0\.99\d* with 97\.5% confidence\), expected below 1/);
  });
});

describe('a broken model is refused, however good its loss', () => {
  const reasonsOf = (input: GateInput) => {
    const { verdict, reasons } = judge(input);
    expect(verdict).toBe('refused');
    return reasons;
  };

  it.each([Number.NaN, -0.1, 1.5])('where a score is %f', (value) => {
    const pcvr = better.challenger.probabilities.pcvr?.slice() as Float32Array;
    pcvr[17] = value;
    const probabilities = { ...better.challenger.probabilities, pcvr };
    expect(reasonsOf(changed(better, { probabilities }))).toEqual([
      'pcvr of the new version is no number from 0 to 1 in 1 row, expected one in every row',
    ]);
  });

  it('where the current version’s own scores are no numbers', () => {
    const champion = better.champion as NonNullable<GateInput['champion']>;
    const probabilities = { ...champion.probabilities, pctr: new Float32Array(3000).fill(Number.NaN) };
    expect(reasonsOf({ ...better, champion: { ...champion, probabilities } })).toEqual([
      'pctr of the current version is no number from 0 to 1 in 3,000 rows, expected one in every row',
    ]);
  });

  it('where the current version has other outputs', () => {
    const champion = better.champion as NonNullable<GateInput['champion']>;
    const { pctr = new Float32Array() } = champion.probabilities;
    expect(reasonsOf({ ...better, champion: { ...champion, probabilities: { pctr } } })).toEqual([
      'the current version has no output pcvr, pctcvr: it cannot be compared with',
    ]);
  });

  it('where it predicts twice too many', () => {
    const { pctr = new Float32Array() } = better.challenger.probabilities;
    const probabilities = { ...better.challenger.probabilities, pctr: pctr.map((p) => Math.min(1, 2 * p)) };
    expect(reasonsOf(changed(better, { probabilities }))).toContainEqual(
      expect.stringMatching(
        /^PCOC of CTR is 1\.\d+ \(95% interval 1\.\d+ to [12]\.\d+\), expected within 0\.67 to 1\.5 \(gate\.pcoc\)$/,
      ),
    );
  });

  it('where its encoder knows next to nothing', () => {
    expect(reasonsOf(changed(better, { unknownShares: { item: 0.81, user: 0.8 } }))).toEqual([
      '81% of the values of item are unknown to the encoder, expected at most 80% (gate.max_unknown)',
    ]);
  });

  it('where its scores have moved too far', () => {
    expect(reasonsOf(changed(better, {}, { drift: 0.001 }))[0]).toMatch(
      /^probabilities of CTR moved by a stability index of 0\.\d+ against the current version's, expected at most 0\.001 \(gate\.drift\)$/,
    );
  });

  it('where a label is half as frequent as it was, in training or since', () => {
    const { click = 0, conversion = 0 } = better.challenger.stageRates;
    expect(reasonsOf(changed(better, { stageRates: { click, conversion: conversion / 2 } }))).toEqual([
      expect.stringMatching(
        /^conversion happened in \d+(\.\d+)?% of the new training rows, expected \d+(\.\d+)?% to \d+(\.\d+)?%: the current version was trained at \d+(\.\d+)?% \(gate\.label_rate\)$/,
      ),
    ]);
    const label = better.rows.labels.conversion?.map((value, row) => (row % 2 === 0 ? 0 : value)) as Int8Array;
    const rows = { ...better.rows, labels: { ...better.rows.labels, conversion: label } };
    expect(reasonsOf({ ...better, rows })).toContainEqual(
      expect.stringMatching(/^conversion happened in \d+(\.\d+)?% of the compared rows, /),
    );
  });
});
