import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScoredRows } from '../../lib/evaluation/rows.ts';
import { evaluateTask } from '../../lib/evaluation/task.ts';

const NO_POSITIVES = { value: null, reason: 'no positive rows' };
const NO_NEGATIVES = { value: null, reason: 'no negative rows' };

describe('evaluateTask on five rows worked out by hand', () => {
  const rows = scoredRows([
    { probability: 0.75, label: 1, group: 7 },
    { probability: 0.25, label: 0, group: 9 },
    { probability: 0.25, label: 1, group: 9 },
    { probability: 0.125, label: 0, group: 8 },
    { probability: 0.0625, label: 0, group: 7 },
    { probability: 0.5, label: -1, group: 6 },
  ]);
  const metrics = evaluateTask(rows, { trainingRate: 0.5 });

  it('counts rows, positives and unknown labels', () => {
    expect(metrics).toMatchObject({ rows: 5, positives: 2, unknown: 1 });
  });

  it('gives base rate, mean prediction, and PCOC as predicted over observed', () => {
    expect(metrics).toMatchObject({
      baseRate: { value: 0.4 },
      meanPrediction: { value: 1.4375 / 5 },
      pcoc: { value: 1.4375 / 2 },
    });
  });

  it('counts a tie as half a pair in the AUC', () => {
    expect(metrics.auc).toEqual({ value: 5.5 / 6 });
  });

  it('gives the log loss in nats and its ratio to that of the training rate', () => {
    const loss = (2 * Math.log(4 / 3) + Math.log(4) + Math.log(8 / 7) + Math.log(16 / 15)) / 5;
    expect(metrics.logLoss.value).toBeCloseTo(loss, 14);
    expect(metrics.normalizedEntropy.value).toBeCloseTo(loss / Math.LN2, 14);
  });

  it('gives the calibration error relative to the base rate', () => {
    // Each row fills four of the twenty bins. One of the two tied rows is positive, so their bins are half positive.
    expect(metrics.calibrationError.value).toBeCloseTo((0.25 + 0.5 + 0.125 + 0.0625) / 2, 14);
  });

  it('divides tied rows over the bins of the reliability curve', () => {
    expect(metrics.reliability).toHaveLength(20);
    expect(metrics.reliability[0]).toEqual({
      weight: 0.25,
      lower: 0.0625,
      upper: 0.0625,
      meanPrediction: 0.0625,
      rate: 0,
      pcoc: null,
    });
    expect(metrics.reliability[8]).toMatchObject({ lower: 0.25, upper: 0.25, meanPrediction: 0.25, rate: 0.5 });
    expect(metrics.reliability[15]).toMatchObject({ weight: 0.25, rate: 0.5, pcoc: 0.5 });
    expect(metrics.reliability[16]).toMatchObject({ weight: 0.25, rate: 1, pcoc: 0.75 });
  });

  it('weights the AUC of each group by its rows and leaves out groups of one class', () => {
    expect(metrics.gauc).toEqual({
      auc: { value: 0.75 },
      groups: 3,
      droppedGroups: 1,
      droppedShare: { value: 0.2 },
    });
  });

  it('picks a fraction of a row at the top', () => {
    const top = metrics.topShares.find(({ share }) => share === 0.01);
    expect(top?.precision.value).toBeCloseTo(1, 12);
    expect(top?.recall.value).toBeCloseTo(0.025, 12);
    expect(top?.f1.value).toBeCloseTo(0.1 / 2.05, 12);
  });
});

describe('evaluateTask where a metric is undefined', () => {
  it.each([
    { of: 'no rows', reason: 'no rows', rows: scoredRows([]) },
    {
      of: 'rows that are all too young',
      reason: 'no rows of known label (60 too young to tell)',
      rows: scoredRows(new Array(60).fill({ probability: 0.5, label: -1 })),
    },
  ])('gives a reason for every metric of $of', ({ reason, rows }) => {
    const none = { value: null, reason };
    expect(evaluateTask(rows, { trainingRate: 0.5 })).toEqual({
      rows: 0,
      unknown: rows.label.length,
      positives: 0,
      baseRate: none,
      meanPrediction: none,
      pcoc: none,
      auc: none,
      gauc: { auc: none, groups: 0, droppedGroups: 0, droppedShare: none },
      logLoss: none,
      trainingRate: 0.5,
      normalizedEntropy: none,
      calibrationError: none,
      reliability: [],
      topShares: [0.001, 0.006, 0.01].map((share) => ({ share, precision: none, recall: none, f1: none })),
      roc: [],
      lift: [],
    });
  });

  it('gives a reason for every metric that needs a positive row', () => {
    const rows = scoredRows([{ probability: 0.5, label: 0 }]);
    expect(evaluateTask(rows, { trainingRate: 0.5 })).toMatchObject({
      baseRate: { value: 0 },
      logLoss: { value: Math.LN2 },
      auc: NO_POSITIVES,
      pcoc: NO_POSITIVES,
      normalizedEntropy: NO_POSITIVES,
      calibrationError: NO_POSITIVES,
      topShares: [{ recall: NO_POSITIVES }, { precision: NO_POSITIVES }, { f1: NO_POSITIVES }],
      gauc: { auc: { value: null, reason: 'no group has both classes' }, droppedShare: { value: 1 } },
    });
  });

  it('gives a reason for the AUC where every row is positive', () => {
    const rows = scoredRows([{ probability: 0.5, label: 1 }]);
    expect(evaluateTask(rows, { trainingRate: 0.5 })).toMatchObject({ auc: NO_NEGATIVES, pcoc: { value: 0.5 } });
  });

  it.each([
    { probability: 1, label: 0, reason: 'infinite: probability 1 where the label is 0' },
    { probability: 0, label: 1, reason: 'infinite: probability 0 where the label is 1' },
  ])('gives no log loss where a row has probability $probability and label $label', ({ reason, ...row }) => {
    const rows = scoredRows([row, { probability: 0.5, label: 1 }]);
    expect(evaluateTask(rows, { trainingRate: 0.5 })).toMatchObject({
      logLoss: { value: null, reason },
      normalizedEntropy: { value: null, reason },
    });
  });

  it('has a log loss of 0 where rows of probability 0 and 1 are right', () => {
    const rows = scoredRows([
      { probability: 1, label: 1 },
      { probability: 0, label: 0 },
    ]);
    expect(evaluateTask(rows, { trainingRate: 0.5 }).logLoss).toEqual({ value: 0 });
  });

  it('gives no normalised entropy where the training rows had one class', () => {
    const rows = scoredRows([{ probability: 0.5, label: 1 }]);
    expect(evaluateTask(rows, { trainingRate: 0 }).normalizedEntropy).toEqual({
      value: null,
      reason: 'training rate 0 is not between 0 and 1',
    });
  });

  it('gives no GAUC where rows have no group', () => {
    const rows = { ...scoredRows([{ probability: 0.5, label: 1 }]), group: null };
    const reason = 'rows have no group';
    expect(evaluateTask(rows, { trainingRate: 0.5 }).gauc).toMatchObject({ auc: { value: null, reason }, groups: 0 });
  });
});

describe('evaluateTask of small probabilities', () => {
  it('neither clips nor adds an epsilon', () => {
    const rows = scoredRows([{ probability: 1e-30, label: 1 }]);
    expect(evaluateTask(rows, { trainingRate: 0.5 }).logLoss.value).toBeCloseTo(30 * Math.LN10, 6);
  });

  it('treats -0 as 0', () => {
    const rows = scoredRows([
      { probability: -0, label: 0 },
      { probability: 0, label: 1 },
      { probability: 0.5, label: 1 },
    ]);
    expect(evaluateTask(rows, { trainingRate: 0.5 }).auc).toEqual({ value: 0.75 });
  });
});

describe('evaluateTask of any rows', () => {
  const anyRow = fc.record({
    // Values on a grid, so that ties are common, with 0, 1 and the smallest float above 0.
    probability: fc.oneof(
      fc.nat(6).map((sixths) => Math.fround(sixths / 6)),
      fc.constant(2 ** -149),
    ),
    label: fc.constantFrom(0, 1, -1),
    // Weights that differ so much that the last bits of a sum depend on the order.
    weight: fc.float({ min: 2 ** -30, max: 2 ** 30, noNaN: true }),
    group: fc.constantFrom(0, 3, 2 ** 53 - 1),
  });
  const anyRows = fc.array(anyRow, { maxLength: 40 });

  it('has the AUC that counting all pairs gives', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const { auc } = evaluateTask(scoredRows(rows), { trainingRate: 0.5 });
        const expected = pairwiseAuc(rows);
        if (expected === null) expect(auc.value).toBeNull();
        else expect(auc.value).toBeCloseTo(expected, 5);
      }),
    );
  });

  it('does not depend on the order of the rows, to the last bit', () => {
    const rowsAndOrder = anyRows.chain((rows) =>
      fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
    );
    fc.assert(
      fc.property(rowsAndOrder, ([rows, shuffled]) => {
        const options = { trainingRate: 0.25 };
        expect(evaluateTask(scoredRows(shuffled), options)).toEqual(evaluateTask(scoredRows(rows), options));
      }),
    );
  });

  it('treats a row of weight n as n rows', () => {
    const wholeWeights = anyRows.map((rows) =>
      rows.map((row) => ({ ...row, weight: Math.ceil(Math.min(row.weight, 3)) })),
    );
    fc.assert(
      fc.property(wholeWeights, (rows) => {
        // Rows of unknown label have no weight in any metric, but reasons state their number.
        const repeated = rows.flatMap((row) =>
          Array.from({ length: row.label === -1 ? 1 : row.weight }, () => ({ ...row, weight: 1 })),
        );
        const [weighted, unweighted] = [rows, repeated].map((some) => withoutCounts(scoredRows(some)));
        expect(weighted).toEqual(unweighted);
      }),
    );
  });

  it('neither fails nor contains NaN', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const text = JSON.stringify(evaluateTask(scoredRows(rows), { trainingRate: 0.25 }), (_, value) =>
          typeof value === 'number' && !Number.isFinite(value) ? 'not finite' : value,
        );
        expect(text).not.toContain('not finite');
      }),
    );
  });

  function withoutCounts(rows: ScoredRows) {
    const { rows: _, positives: __, unknown: ___, ...metrics } = evaluateTask(rows, { trainingRate: 0.25 });
    return metrics;
  }
});

describe('evaluateTask of values out of range', () => {
  it('fails naming each column, its first wrong value and the count', () => {
    const rows = scoredRows([
      { probability: 0.5, label: 1 },
      { probability: Number.NaN, label: 2 },
      { probability: 1.5, label: 0, weight: 0, group: -1 },
    ]);
    expect(() => evaluateTask(rows, { trainingRate: 0.5 })).toThrow(
      new RangeError(
        [
          'probability must be a number from 0 to 1, got NaN at row 1 (from 0; 2 such rows)',
          'label must be 1, 0 or -1, got 2 at row 1 (from 0; 1 such rows)',
          'weight must be a finite number above 0, got 0 at row 2 (from 0; 1 such rows)',
          'group must be a non-negative id, got -1 at row 2 (from 0; 1 such rows)',
        ].join('; '),
      ),
    );
  });

  it('fails naming a column of another length', () => {
    const rows = { ...scoredRows([{ probability: 0.5, label: 1 }]), label: Int8Array.of(1, 0) };
    expect(() => evaluateTask(rows, { trainingRate: 0.5 })).toThrow('label must have 1 rows like probability, got 2');
  });
});

interface Row {
  readonly probability: number;
  readonly label: number;
  readonly weight?: number;
  readonly group?: number;
}

function scoredRows(rows: readonly Row[]): ScoredRows {
  return {
    probability: Float32Array.from(rows, ({ probability }) => probability),
    label: Int8Array.from(rows, ({ label }) => label),
    weight: Float32Array.from(rows, ({ weight }) => weight ?? 1),
    group: Float64Array.from(rows, ({ group }) => group ?? 0),
  };
}

function pairwiseAuc(rows: readonly Required<Row>[]): number | null {
  let [won, pairs] = [0, 0];
  for (const positive of rows.filter(({ label }) => label === 1)) {
    for (const negative of rows.filter(({ label }) => label === 0)) {
      const weight = positive.weight * negative.weight;
      pairs += weight;
      if (positive.probability > negative.probability) won += weight;
      if (positive.probability === negative.probability) won += weight / 2;
    }
  }
  return pairs === 0 ? null : won / pairs;
}
