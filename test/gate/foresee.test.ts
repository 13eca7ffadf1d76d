import { describe, expect, it } from 'vitest';
import { type Foreseen, foresee } from '../../lib/gate/foresee.ts';
import type { FeatureCounts } from '../../lib/table/encode/value-counts.ts';
import type { LabelCounts, PartSummary } from '../../lib/table/fit/parts.ts';
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import { declare } from '../table/fixture.ts';

const SPLIT = 'split by the hash of user: 10% validation, 10% test';
const declaration = declare([], {
  split: { by: 'hash', columns: ['user'], validation: 0.1, test: 0.1, seed: 1 },
  training: { ...declare([]).training, epochs: 10, patience: 2 },
});

function part(rows: number, clicks: number, conversions: number, young = 0): PartSummary {
  const labels = (positives: number, unknown: number): LabelCounts => ({
    positives,
    negatives: rows - positives - unknown,
    unknown,
    weightedRows: rows - unknown,
    weightedPositives: positives,
  });
  return {
    rows,
    time: null,
    groups: null,
    digest: '0',
    meanDelays: {},
    labels: { click: labels(clicks, 0), conversion: labels(conversions, young) },
  };
}

function foreseen(
  parts: Partial<LogSummary['parts']>,
  testCounts: FeatureCounts = {},
  suspicious: LogSummary['suspicious'] = [],
  declared = declaration,
): Foreseen {
  const summary: LogSummary = {
    source: 'log',
    rows: 1000,
    rejected: 0,
    rejectedByReason: {},
    time: null,
    split: SPLIT,
    parts: { train: part(800, 200, 100), validation: part(100, 25, 12), test: part(1000, 250, 200), ...parts },
    missing: {},
    dropped: {},
    suspicious,
    repeatedKeys: 0,
    notes: [],
  };
  return foresee(declared, summary, testCounts);
}

describe('before the first step it is foreseen', () => {
  it('that nothing stands in the way', () => expect(foreseen({})).toEqual({ refusals: [], notes: [] }));

  it.each<[string, Partial<LogSummary['parts']>, string]>([
    [
      'there is no test row',
      { test: part(0, 0, 0) },
      `no row is in the test part, so there is none to judge by (${SPLIT})`,
    ],
    [
      'no test row converted',
      { test: part(300, 9, 0) },
      'no conversion is among 300 test rows, so its metrics cannot be told',
    ],
    [
      'no label of a test row is settled',
      { test: part(300, 9, 0, 300) },
      'no conversion label in the test part is settled: all 300 rows are younger than within',
    ],
  ])('that every version is refused, because %s', (_why, parts, refusal) => {
    expect(foreseen(parts)).toEqual({ refusals: [refusal], notes: [] });
  });

  it('that every version is refused, because too many test values are unknown', () => {
    const counts = (unknown: number) => ({ item: { rows: 300, missing: 0, values: 300, unknown } });
    expect(foreseen({}, counts(240))).toEqual({ refusals: [], notes: [] });
    expect(foreseen({}, counts(300)).refusals).toEqual([
      `100% of the values of item in the test rows are unknown, expected at most 80% (gate.max_unknown): ${SPLIT}`,
    ]);
  });

  it('that a later version could not be compared, for want of conversions', () => {
    expect(foreseen({ test: part(300, 80, 42) })).toEqual({
      refusals: [],
      notes: [
        '42 of the test rows have a conversion, the gate needs 200 to compare a version with the one in use (gate.min_conversions): after the first version none comes into use by itself; a longer log, or a larger split.test, has more of them; or gate: { min_conversions: 30 } compares by what there is, and a difference must then be larger to be shown',
      ],
    });
  });

  it('that a later version could not be compared, for want of groups', () => {
    const note =
      'the test rows are of 29 groups (log.group), the gate needs 30 to compare a version with the one in use';
    const of = (groups: number) => foreseen({ test: { ...part(1000, 250, 200), groups } });
    expect(of(29)).toEqual({ refusals: [], notes: [note] });
    // A single group is as if none were declared.
    for (const groups of [1, 30]) expect(of(groups)).toEqual({ refusals: [], notes: [] });
  });

  it('that the gate refuses a leak, unless it is trusted', () => {
    const tells = (auc: number) => [{ feature: 'paid', column: 'pay_amount', stage: 'conversion', auc }];
    const trusting = { ...declaration, gate: { ...declaration.gate, trusted: ['paid'] } };
    expect(foreseen({}, {}, tells(0.981)).notes).toEqual([
      'paid tells conversion alone with an AUC above 0.98: the gate refuses every version that has it, unless gate.trusted lists it',
    ]);
    expect(foreseen({}, {}, tells(0.98)).notes).toEqual([]);
    expect(foreseen({}, {}, tells(1), trusting).notes).toEqual([]);
  });

  it('that nothing is calibrated without validation rows', () => {
    const calibrated = { ...declaration, training: { ...declaration.training, calibration: 'platt' as const } };
    expect(foreseen({ validation: part(0, 0, 0) }, {}, [], calibrated).notes).toContain(
      `no row is in the validation part: nothing is calibrated (training.calibration platt, ${SPLIT})`,
    );
  });

  it('that a stage with few rows of an outcome is not calibrated', () => {
    const calibrated = { ...declaration, training: { ...declaration.training, calibration: 'platt' as const } };
    expect(foreseen({ validation: part(50, 12, 9) }, {}, [], calibrated).notes).toEqual([
      '9 of the validation rows have a conversion and 41 have none: it is left out of the calibration, which needs 10 of each',
    ]);
  });

  it('that early stopping has little or nothing to go by', () => {
    expect(foreseen({ validation: part(0, 0, 0) }).notes).toEqual([
      `no row is in the validation part: training cannot stop early, and keeps the last of 10 epochs (${SPLIT})`,
    ]);
    expect(foreseen({ validation: part(50, 9, 0) }).notes).toEqual([
      'no conversion is among 50 validation rows: early stopping hardly sees it',
    ]);
  });

  it('that the floor of propensities leaves nothing to debias by', () => {
    const debiased: typeof declaration = { ...declaration, model: { ...declaration.model, type: 'escm2-ips' } };
    const notesOf = (clicks: number, declared = debiased) =>
      foreseen({ train: part(800, clicks, 1) }, {}, [], declared).notes;
    expect(notesOf(8)).toEqual([
      'the rate of click in the training rows is 1%, not above model.propensity_floor 0.01: most rows weigh the same, so that escm2-ips debiases little',
    ]);
    expect(notesOf(9)).toEqual([]);
    expect(notesOf(8, { ...debiased, model: { ...debiased.model, propensityFloor: 0.001 } })).toEqual([]);
    expect(notesOf(8, declaration)).toEqual([]);
  });
});
