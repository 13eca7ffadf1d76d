import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateFunnel, type FunnelRows, roleTasks } from '../../lib/evaluation/funnel.ts';
import { metricsJson } from '../../lib/evaluation/metrics-json.ts';
import { sampleFunnel } from './reference/sample.ts';

const TASKS = roleTasks({ impression: 'impression', click: 'click', conversion: 'conversion' }, 'impression');
const TRAINING_RATES = { ctr: 0.039, cvr: 0.0052, ctcvr: 0.00021 };

const smallFunnel: FunnelRows = {
  probabilities: {
    pctr: Float32Array.of(0.5, 0.5, 0.25, 0.25),
    pcvr: Float32Array.of(0.5, 0.25, 0.125, 0.25),
    pctcvr: Float32Array.of(0.25, 0.125, 0.03125, 0.0625),
  },
  labels: { click: Int8Array.of(1, 1, 0, 0), conversion: Int8Array.of(1, 0, 0, -1) },
  weight: null,
  group: null,
};

describe('evaluateFunnel against NumPy and scikit-learn, at 2 conversions in 10,000 rows', () => {
  const reference: Record<string, Record<string, unknown>> = JSON.parse(
    readFileSync(new URL('reference/metrics.json', import.meta.url), 'utf8'),
  );
  const sample = sampleFunnel();

  it.each([
    { name: 'unweighted', weight: null },
    { name: 'weighted', weight: sample.weight },
  ])('agrees on every metric of the $name rows', ({ name, weight }) => {
    const options = { tasks: TASKS, trainingRates: TRAINING_RATES, sharedPctr: sample.sharedPctr };
    const actual = metricsJson(evaluateFunnel({ ...sample, weight }, options));
    const withBins = {
      ...actual,
      tasks: Object.fromEntries(
        Object.entries(actual.tasks).map(([task, metrics]) => [
          task,
          { ...metrics, bin_pcoc: metrics.reliability.map(({ pcoc }) => pcoc) },
        ]),
      ),
    };
    expect(relativeDifferences(reference[name], withBins, 1e-9)).toEqual([]);
  });

  it('gives the same metrics for the rows in another order, to the last bit', () => {
    const options = { tasks: TASKS, trainingRates: TRAINING_RATES };
    // 77,773 and the 400,000 rows have no common factor, so every row is taken once.
    const shuffled = reorder(sample, (row) => (row * 77_773) % 400_000);
    expect(metricsJson(evaluateFunnel(shuffled, options))).toEqual(metricsJson(evaluateFunnel(sample, options)));
  });
});

describe('evaluateFunnel', () => {
  it('measures CTR and CTCVR on all rows and CVR on clicked rows', () => {
    const { tasks } = evaluateFunnel(smallFunnel, { tasks: TASKS, trainingRates: TRAINING_RATES });
    expect(tasks.map(({ task, rows, unknown, positives }) => [task.title, rows, unknown, positives])).toEqual([
      ['CTR', 4, 0, 2],
      ['CVR (clicked)', 2, 0, 1],
      ['CTCVR', 3, 1, 1],
    ]);
    expect(tasks.map(({ pcoc }) => pcoc.value)).toEqual([0.75, 0.75, 0.40625]);
  });

  it('gives the mean pcvr of clicked and of unclicked rows, whether or not the conversion is known', () => {
    const [ctr, cvr] = evaluateFunnel(smallFunnel, { tasks: TASKS, trainingRates: TRAINING_RATES }).tasks;
    expect(cvr?.meanPredictionReached).toEqual({ value: 0.375 });
    expect(cvr?.meanPredictionNotReached).toEqual({ value: 0.1875 });
    expect([ctr?.meanPredictionReached, ctr?.meanPredictionNotReached]).toEqual([null, null]);
  });

  it('measures the AUC of pctcvr with the model’s own pCTR and with that of a shared network', () => {
    const sharedPctr = Float32Array.of(0.125, 0.5, 0.5, 0.25);
    const options = { tasks: TASKS, trainingRates: TRAINING_RATES };
    expect(evaluateFunnel(smallFunnel, options)).toMatchObject({
      ctcvrAucOwn: { value: 1 },
      ctcvrAucSharedCtr: { value: null, reason: 'no shared CTR network' },
    });
    // Products of the known rows: 0.0625 for the positive, 0.125 and 0.0625 for the negatives.
    expect(evaluateFunnel(smallFunnel, { ...options, sharedPctr }).ctcvrAucSharedCtr).toEqual({ value: 0.25 });
  });

  it('measures CTR and CTCVR on viewed rows only where the impression is a stage of its own', () => {
    const rows = { ...smallFunnel, labels: { ...smallFunnel.labels, view: Int8Array.of(1, 1, 1, 0) } };
    const tasks = roleTasks({ impression: 'view', click: 'click', conversion: 'conversion' }, 'request');
    const metrics = evaluateFunnel(rows, { tasks, trainingRates: TRAINING_RATES }).tasks;
    expect(metrics.map((task) => task.rows)).toEqual([3, 2, 3]);
  });

  it('measures the outputs of any funnel', () => {
    const action = { name: 'action', title: 'action', output: 'p_action_entire', label: 'action', given: null };
    const rows = {
      probabilities: { p_action_entire: Float32Array.of(0.5, 0.25) },
      labels: { action: Int8Array.of(1, 0) },
      weight: null,
      group: null,
    };
    const metrics = evaluateFunnel(rows, { tasks: [action], trainingRates: { action: 0.5 } });
    expect(metrics.tasks[0]?.auc).toEqual({ value: 1 });
    expect(metrics.ctcvrAucOwn).toEqual({ value: null, reason: 'no pctcvr among the tasks' });
  });

  it('gives a reason instead of the CVR metrics where no row was clicked', () => {
    const rows = { ...smallFunnel, labels: { click: new Int8Array(4), conversion: new Int8Array(4) } };
    const cvr = evaluateFunnel(rows, { tasks: TASKS, trainingRates: TRAINING_RATES }).tasks[1];
    expect(cvr).toMatchObject({
      rows: 0,
      auc: { value: null, reason: 'no rows' },
      meanPredictionReached: { value: null, reason: 'no rows that reached click' },
      meanPredictionNotReached: { value: 0.28125 },
    });
  });

  it('fails naming every output, label and training rate that is missing', () => {
    const rows = { ...smallFunnel, probabilities: { pctr: Float32Array.of(0.5) }, labels: {} };
    expect(() => evaluateFunnel(rows, { tasks: TASKS, trainingRates: { ctr: 0.5 } })).toThrow(
      'evaluation lacks output pcvr, output pctcvr, label click, label conversion, training rate of cvr, training rate of ctcvr',
    );
  });

  it('fails naming every column of another length', () => {
    const rows = { ...smallFunnel, weight: Float32Array.of(1), group: Float64Array.of(1, 2) };
    expect(() => evaluateFunnel(rows, { tasks: TASKS, trainingRates: TRAINING_RATES })).toThrow(
      'evaluation columns must have 4 rows like pctr, got weight 1, group 2',
    );
  });
});

function reorder(rows: FunnelRows, source: (row: number) => number): FunnelRows {
  const float32 = (column: Float32Array) => column.map((_, row) => column[source(row)] ?? 0);
  const int8 = (column: Int8Array) => column.map((_, row) => column[source(row)] ?? 0);
  return {
    probabilities: Object.fromEntries(Object.entries(rows.probabilities).map(([name, p]) => [name, float32(p)])),
    labels: Object.fromEntries(Object.entries(rows.labels).map(([name, label]) => [name, int8(label)])),
    weight: rows.weight && float32(rows.weight),
    group: rows.group?.map((_, row) => rows.group?.[source(row)] ?? 0) ?? null,
  };
}

/**
 * Returns the paths of `expected` at which `actual` differs by more than the relative tolerance. Keys that only
 * `actual` has are ignored.
 */
function relativeDifferences(expected: unknown, actual: unknown, tolerance: number, path = 'metrics'): string[] {
  if (expected !== null && typeof expected === 'object') {
    return Object.entries(expected).flatMap(([key, value]) =>
      relativeDifferences(value, (actual as Record<string, unknown>)[key], tolerance, `${path}.${key}`),
    );
  }
  const isClose =
    typeof expected === 'number' && typeof actual === 'number'
      ? Math.abs(actual - expected) <= tolerance * Math.abs(expected)
      : actual === expected;
  return isClose ? [] : [`${path}: ${actual} is not ${expected}`];
}
