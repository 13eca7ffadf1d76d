import { describe, expect, it } from 'vitest';
import type { FeatureFacts } from '../../lib/gate/guards/feature-guards.ts';
import type { Challenger, GateInput } from '../../lib/gate/input.ts';
import { judge } from '../../lib/gate/judge.ts';
import type { FeatureCounts } from '../../lib/table/encode/value-counts.ts';
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

  it('says by how much a worse version is worse, without a negative number', () => {
    expect(judge(simulate({ seed: 1, users: 300, championNoise: 0.2, challengerNoise: 0.4 })).reasons).toEqual([
      expect.stringMatching(
        /^not shown to be better: log loss \S+ against \S+ of the current version, higher by 0\.\d+, with 95% confidence at most 0\.\d+ higher, expected lower with that confidence \(2,000 resamples of 300 groups\)$/,
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
    // Two thousand resamples give the width to a few hundredths.
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
  });

  it('does not see how the rows are split into weights', () => {
    const weight = new Float32Array(3000).fill(4);
    const { loss } = judge({ ...better, rows: { ...better.rows, weight } }).figures;
    expect(loss?.lowerBound).toBeCloseTo(judge(better).figures.loss?.lowerBound ?? 0, 12);
  });
});

/** Each user has ten rows; 16 users are a week of a shop that sells 20 times. */
describe('a shop with 20 conversions a week', () => {
  const weeks = (number: number, noise: { readonly championNoise: number; readonly challengerNoise: number }) =>
    simulate({ seed: 1, users: 16 * number, ...noise });
  const BETTER = { championNoise: 1.5, challengerNoise: 0.2 };
  const judged = (input: GateInput, minConversions: number) => judge(changed(input, {}, { minConversions }));
  const conversionsOf = ({ rows }: GateInput) =>
    rows.labels.conversion?.reduce((sum: number, value) => sum + value, 0) ?? 0;

  it('is told by a refusal what to declare, and is judged by it once four weeks are compared', () => {
    expect(judged(weeks(1, BETTER), 200).reasons).toEqual([
      `metrics decide nothing: ${conversionsOf(weeks(1, BETTER))} rows with conversion to compare on, expected at least 200 (gate.min_conversions): a longer log, or a larger split.test, has more of them`,
    ]);
    const month = weeks(4, BETTER);
    const [reason = ''] = judged(month, 200).reasons;
    const advised = Number(/gate: \{ min_conversions: (\d+) \}/.exec(reason)?.[1]);
    expect(advised).toBeLessThan(conversionsOf(month));
    expect(judged(month, advised)).toMatchObject({
      verdict: 'promoted',
      reasons: [expect.stringMatching(/^better: log loss /)],
    });
  });
});

describe('metrics decide nothing', () => {
  it('with too few conversions', () => {
    const conversions = better.rows.labels.conversion?.reduce((sum, value) => sum + value, 0);
    expect(judge(changed(better, {}, { minConversions: 5000 }))).toMatchObject({
      verdict: 'refused',
      reasons: [
        `metrics decide nothing: ${conversions} rows with conversion to compare on, expected at least 5,000 (gate.min_conversions): a longer log, or a larger split.test, has more of them; or gate: { min_conversions: 300 } compares by what there is, and a difference must then be larger to be shown`,
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
      'metrics decide nothing: 0 rows with conversion to compare on, expected at least 100 (gate.min_conversions): a longer log, or a larger split.test, has more of them',
    ]);
  });

  it('with too few users', () => {
    const of = Float64Array.from({ length: 3000 }, (_, row) => row % 29);
    expect(judge({ ...better, rows: { ...better.rows, group: { of, kind: 'groups' } } }).reasons).toEqual([
      'metrics decide nothing: 29 groups to resample, expected at least 30 (log.group)',
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
    expect(reasons[0]).toMatch(
      /^enough to replace an old version \(at most 0\.0\d+ higher\): log loss \S+ against \S+ of the version before, /,
    );
  });

  it('does not while it is young, nor to one that is worse by more than is tolerated', () => {
    expect(alike({ maxAgeMs: 10 * DAY }).reasons[0]).toMatch(
      /^not shown to be better: log loss \S+ against \S+ of the current version, lower by 0\.\d+, with 95% confidence at most 0\.\d+ higher, expected lower with that confidence \(/,
    );
    expect(alike({ maxAgeMs: 9 * DAY, tolerance: 1e-6 }).reasons[0]).toMatch(
      /expected at most \S+ higher, for the current version is 10 days old \(2,000 resamples of 300 groups\)$/,
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
    const unknown = (share: number) => ({ rows: 100, missing: 0, values: 100, unknown: 100 * share });
    const test = { item: unknown(0.81), user: unknown(0.8) };
    const features = { ...better.challenger.features, counts: { train: {}, validation: {}, test } };
    expect(reasonsOf(changed(better, { features }))).toEqual([
      '81% of the values of item are unknown to the encoder, expected at most 80% (gate.max_unknown); refusal 1 of 3, after which it is accepted as lasting (gate.lasting_after)',
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
        /^conversion happened in \d+(\.\d+)?% of the new training rows, expected \d+(\.\d+)?% to \d+(\.\d+)?%: the current version was trained at \d+(\.\d+)?% \(gate\.label_rate\); refusal 1 of 3, after which it is accepted as lasting \(gate\.lasting_after\)$/,
      ),
    ]);
    const label = better.rows.labels.conversion?.map((value, row) => (row % 2 === 0 ? 0 : value)) as Int8Array;
    const rows = { ...better.rows, labels: { ...better.rows.labels, conversion: label } };
    expect(reasonsOf({ ...better, rows })).toContainEqual(
      expect.stringMatching(/^conversion happened in \d+(\.\d+)?% of the compared rows, /),
    );
  });
});

describe('a log that was delivered twice', () => {
  const delivered = (now: number, before: number): GateInput => ({
    ...changed(better, { repeatedKeys: now }),
    champion: { ...(better.champion as NonNullable<GateInput['champion']>), repeatedKeys: before },
  });

  it('is refused, as the same rows again would make any difference look certain', () => {
    expect(judge(delivered(0.5, 0))).toMatchObject({
      verdict: 'refused',
      reasons: [
        '50% of the rows repeat the keys of another row, expected at most 20%: 0% of those of the current version: was a part of the log delivered twice? (gate.max_rise); refusal 1 of 3, after which it is accepted as lasting (gate.lasting_after)',
      ],
    });
  });

  it('is not one whose keys always repeat', () => {
    expect(judge(delivered(0.5, 0.45)).verdict).toBe('promoted');
  });
});

describe('features that changed', () => {
  const counts = (missing: number, unknown: number | null = 0) => {
    const values = 1000 - missing;
    return { rows: 1000, missing, values, unknown };
  };
  const numbers = (values: readonly number[]) => ({ kind: 'number' as const, rows: 1000, missing: 0, values });
  const named = (shares: readonly number[]) => ({
    kind: 'values' as const,
    rows: 1000,
    missing: 0,
    total: 1000,
    top: shares.map((share, at) => [`#${at}`, 1000 * share, `v${at}`] as const),
  });
  const varied = { age: numbers([18, 20, 35, 70]), item: named([0.4, 0.3, 0.3]) };
  const facts = (train: FeatureCounts, test: FeatureCounts, distributions: FeatureFacts['distributions'] = varied) => ({
    counts: { train, validation: {}, test },
    distributions,
  });
  const whole = { age: counts(0, null), item: counts(10) };
  /** The far better challenger, made from such values, beside a champion made from whole ones. */
  const made = (
    features: FeatureFacts,
    compared: FeatureCounts = whole,
    rules: Partial<GateInput['rules']> = {},
  ): GateInput => ({
    ...changed(better, { features }, rules),
    champion: {
      ...(better.champion as NonNullable<GateInput['champion']>),
      features: facts(whole, whole),
      compared,
      alike: new Set(['item']),
    },
  });
  const reasonsOf = (input: GateInput) => judge(input).reasons;
  const ONCE = '; refusal 1 of 3, after which it is accepted as lasting (gate.lasting_after)';

  it('a little are no reason to refuse', () => {
    const little = { age: counts(150, null), item: counts(200, 100) };
    expect(judge(made(facts(little, little), little)).verdict).toBe('promoted');
  });

  it('are refused where they went missing, in training or since', () => {
    expect(reasonsOf(made(facts({ ...whole, item: counts(1000) }, whole)))).toEqual([
      `item is missing in 100% of the new training rows, expected at most 21%: 1% in the training rows of the current version (gate.max_rise)`,
    ]);
    expect(reasonsOf(made(facts(whole, whole), { ...whole, age: counts(201, null) }))).toEqual([
      `age is missing in 20.1% of the compared rows, expected at most 20%: 0% in the training rows of the current version (gate.max_rise)`,
    ]);
  });

  it('are refused however often they were missing, unless the new version has no such feature', () => {
    const lost = made(facts({ ...whole, item: counts(1000) }, whole), { ...whole, item: counts(1000) });
    const without = made(facts({ age: whole.age }, { age: whole.age }), { ...whole, item: counts(1000) });
    const nightsOf = (input: GateInput) =>
      [1, 2, 3].map((night) => {
        const { guards, rows } = judge(input).figures;
        return { guards, rows: rows + night };
      });
    expect(judge({ ...lost, earlier: nightsOf(lost) }).verdict).toBe('refused');
    expect(judge(without).verdict).toBe('refused');
    expect(judge({ ...without, earlier: nightsOf(without) }).verdict).toBe('promoted');
  });

  it('are not refused where the missing values are trusted, or declared to be allowed', () => {
    const lost = facts({ ...whole, item: counts(1000) }, whole);
    const trusted = judge(made(lost, whole, { trusted: ['item'] }));
    expect(trusted.verdict).toBe('promoted');
    expect(trusted.figures.guards.find(({ guard, of }) => guard === 'missing' && of === 'item')?.sentence).toMatch(
      /\(gate\.max_rise\); it is trusted \(gate\.trusted\)$/,
    );
    expect(judge(made(lost, whole, { maxRise: 1 })).verdict).toBe('promoted');
  });

  it('are refused where their values became unknown', () => {
    expect(reasonsOf(made(facts(whole, { ...whole, item: counts(0, 300) })))).toEqual([
      `30% of the values of item are unknown to the new version, expected at most 20%: 0% were to the current version when it was trained (gate.max_rise)${ONCE}`,
    ]);
    expect(reasonsOf(made(facts(whole, whole), { ...whole, item: counts(0, 1000) }))).toEqual([
      `100% of the values of item in the compared rows are unknown to the current version, expected at most 80%: are they written in another way? (gate.max_unknown)${ONCE}`,
    ]);
  });

  it('are refused where many values became one', () => {
    const constant = { age: numbers([35, 35, 35, 35]), item: named([1]) };
    expect(reasonsOf(made(facts(whole, whole, constant)))).toEqual([
      `100% of the values of age in the new training rows are the same one, expected below 99.9%: 25% in those of the current version (if it is right, gate.trusted: [age])`,
      `100% of the values of item in the new training rows are the same one, expected below 99.9%: 40% in those of the current version (if it is right, gate.trusted: [item])`,
    ]);
  });

  it('are refused where a number is in another unit, and accepted where it moved', () => {
    const ages = (factor: number) => ({ age: numbers([18, 20, 35, 70].map((age) => age * factor)), item: varied.item });
    for (const [factor, text] of [
      [12, '240'],
      [1000, '20000'],
      [0.01, '0.2'],
    ] as const)
      expect(reasonsOf(made(facts(whole, whole, ages(factor))))).toEqual([
        expect.stringMatching(
          new RegExp(
            `^the median of age in the new training rows is ${text.replace('.', '\\.')}, that of the current version was 20, and `,
          ),
        ),
      ]);
    for (const factor of [0.5, 1, 1.5, 2.5])
      expect(judge(made(facts(whole, whole, ages(factor)))).verdict).toBe('promoted');
    expect(judge(made(facts(whole, whole, ages(1000)), whole, { trusted: ['age'] })).verdict).toBe('promoted');
  });

  it('are reported for a first version, which is not refused for them', () => {
    const features = facts({ age: counts(1000, null), item: counts(0) }, {}, { age: numbers([]), item: named([1]) });
    expect(judge({ ...made(features), champion: null })).toMatchObject({
      verdict: 'first',
      figures: {
        notes: ['age is missing in all of the training rows', 'item has the same value in all of the training rows'],
      },
    });
  });

  it('that tell a label almost alone are told, and refused above an AUC of 0.98', () => {
    const verdictAt = (auc: number) => {
      const suspicious = [{ feature: 'position', column: 'position', stage: 'click', auc }];
      return judge({ ...changed(better, { suspicious }), champion: null });
    };
    expect(verdictAt(0.98).verdict).toBe('first');
    expect(verdictAt(0.98).figures.guards.find(({ guard }) => guard === 'leak')).toMatchObject({ holds: true });
    expect(verdictAt(0.9801).verdict).toBe('refused');
  });

  it('that tell a label alone are refused in a first version, too, unless they are trusted', () => {
    const suspicious = [{ feature: 'paid', column: 'pay_amount', stage: 'conversion', auc: 1 }];
    const leaking = { ...changed(better, { suspicious }), champion: null };
    expect(judge(leaking)).toMatchObject({
      verdict: 'refused',
      reasons: [
        'pay_amount alone tells conversion with an AUC of 1.000, expected at most 0.98: most likely it is known only afterwards (if it is right, gate.trusted: [paid])',
      ],
    });
    expect(judge({ ...changed(leaking, {}, { trusted: ['paid'] }), champion: null }).verdict).toBe('first');
  });
});

describe('a change that lasts', () => {
  /** A label that was half as frequent, in training and since, in several nights. */
  const halved = (night: number): GateInput => {
    const share = 0.5 + night / 100;
    const { click = 0, conversion = 0 } = better.challenger.stageRates;
    return changed(better, { stageRates: { click: click * share, conversion } });
  };
  const decisionOf = (input: GateInput) => {
    const { figures } = judge(input);
    return { guards: figures.guards, rows: figures.rows };
  };
  const nights = (...rates: readonly number[]) => rates.map((night) => decisionOf(halved(night)));
  const judgedAfter = (earlier: GateInput['earlier'], rules: Partial<GateInput['rules']> = {}) =>
    judge({ ...changed(halved(0), {}, rules), earlier });

  it('is refused until it was so in three runs, and the refusal counts them', () => {
    for (const [before, number] of [
      [nights(), 1],
      [nights(1), 2],
      [nights(2, 1), 3],
    ] as const) {
      expect(judgedAfter(before)).toMatchObject({
        verdict: 'refused',
        reasons: [
          expect.stringContaining(
            `; refusal ${number} of 3, after which it is accepted as lasting (gate.lasting_after)`,
          ),
        ],
      });
    }
  });

  it('is then accepted, which the reason says', () => {
    const { verdict, reasons, figures } = judgedAfter(nights(3, 2, 1));
    expect(verdict).toBe('promoted');
    expect(reasons).toEqual([
      expect.stringMatching(/^better: /),
      expect.stringMatching(
        /^click happened in .*\(gate\.label_rate\); accepted, for it was so in the last 3 runs, too \(gate\.lasting_after\)$/,
      ),
    ]);
    // A version that is accepted so, and refused for another reason, goes on with the row.
    const accepted = { guards: figures.guards, rows: figures.rows };
    const next = { ...halved(4), earlier: [accepted, ...nights(3, 2, 1)] };
    expect(judge(next).verdict).toBe('promoted');
  });

  it('is not shown by the same data again', () => {
    expect(judgedAfter(nights(0, 0, 0)).verdict).toBe('refused');
    expect(judgedAfter(nights(1, 1, 0, 1)).reasons[0]).toContain('; refusal 2 of 3, ');
  });

  it('is not where a night between was as before, or another change', () => {
    expect(judgedAfter([...nights(3, 2), decisionOf(better), ...nights(1)]).verdict).toBe('refused');
    expect(judgedAfter(nights(3, -25, 1)).reasons[0]).toContain('; refusal 2 of 3, ');
  });

  it('is never accepted, or sooner, where that is declared', () => {
    expect(judgedAfter(nights(3, 2, 1), { lastingAfter: null }).reasons).toEqual([
      expect.stringMatching(/\(gate\.label_rate\)$/),
    ]);
    expect(judgedAfter(nights(1), { lastingAfter: 1 }).verdict).toBe('promoted');
  });

  it('is no leak: that is refused however often', () => {
    const suspicious = [{ feature: 'paid', column: 'paid', stage: 'conversion', auc: 1 }];
    const leaking = changed(better, { suspicious });
    const earlier = [1, 2, 3].map((rows) => ({ ...decisionOf(leaking), rows }));
    expect(judge({ ...leaking, earlier }).verdict).toBe('refused');
  });
});

describe('few groups', () => {
  const grouped = (input: GateInput, groups: number): GateInput => {
    const of = Float64Array.from({ length: 3000 }, (_, row) => row % groups);
    return { ...input, rows: { ...input.rows, group: { of, kind: 'groups' } } };
  };
  const bounds = ({ figures }: ReturnType<typeof judge>) =>
    figures.guards.filter(({ guard }) => guard === 'pcoc').map(({ sentence }) => sentence);

  it('of one, all rows are judged as if there were no group', () => {
    const [one, none] = [judge(grouped(better, 1)), judge({ ...better, rows: { ...better.rows, group: null } })];
    expect([one.verdict, one.reasons]).toEqual([none.verdict, none.reasons]);
    expect(bounds(one)[0]).toMatch(
      /^PCOC of CTR is \S+ \(95% interval \S+ to \S+, by blocks of rows, for all are of 1 group\), expected within /,
    );
  });

  it('have intervals by blocks of rows, and let the loss decide nothing', () => {
    const few = judge(grouped(better, 3));
    expect(few.reasons).toEqual(['metrics decide nothing: 3 groups to resample, expected at least 30 (log.group)']);
    expect(bounds(few)[0]).toContain(', by blocks of rows, for there are but 3 groups)');
    expect(judge({ ...grouped(better, 3), champion: null }).verdict).toBe('first');
  });

  it('cannot be told from fewer than 30 blocks with such rows, which is no reason to refuse', () => {
    const click = better.rows.labels.click?.map((value, row) => (row < 75 ? value : 0)) as Int8Array;
    const conversion = better.rows.labels.conversion?.map((value, row) => (row < 75 ? value : 0)) as Int8Array;
    const rows = { ...better.rows, labels: { click, conversion }, group: null };
    const guards = judge({ ...better, rows, champion: null }).figures.guards.filter(({ of }) => of === 'pcvr');
    expect(guards.map(({ guard, holds }) => [guard, holds])).toEqual([
      ['normalized_entropy', true],
      ['pcoc', true],
    ]);
    for (const { sentence } of guards)
      expect(sentence).toMatch(/cannot be told, \d+ blocks of rows to resample, expected at least 30$/);
  });
});
