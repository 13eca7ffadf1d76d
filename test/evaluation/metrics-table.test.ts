import { describe, expect, it } from 'vitest';
import { evaluateFunnel, type FunnelRows, roleTasks } from '../../lib/evaluation/funnel.ts';
import { metricsJson } from '../../lib/evaluation/metrics-json.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';

const OPTIONS = {
  tasks: roleTasks({ impression: 'impression', click: 'click', conversion: 'conversion' }, 'impression'),
  trainingRates: { ctr: 0.5, cvr: 0.25, ctcvr: 0.125 },
};

const rows: FunnelRows = {
  probabilities: {
    pctr: Float32Array.of(0.75, 0.5, 0.5, 0.25),
    pcvr: Float32Array.of(0.5, 0.25, 0.125, 0.25),
    pctcvr: Float32Array.of(0.375, 0.125, 0.0625, 0.0625),
  },
  labels: { click: Int8Array.of(1, 1, 0, 0), conversion: Int8Array.of(1, 0, 0, 0) },
  weight: null,
  group: Float64Array.of(1, 1, 1, 2),
};

const withoutConversions = {
  ...rows,
  labels: { click: Int8Array.of(1, 1, 0, 0), conversion: new Int8Array(4) },
  group: null,
};

describe('formatMetricsTable', () => {
  it('has a line for each task, and says how many groups GAUC leaves out', () => {
    const sharedPctr = Float32Array.of(0.5, 0.5, 0.5, 0.5);
    expect(formatMetricsTable(evaluateFunnel(rows, { ...OPTIONS, sharedPctr }))).toBe(
      `
               rows  positives     AUC  log loss      NE   PCOC  calibration error    GAUC
CTR               4          2  0.8750    0.4904  0.7075  1.000              0.250  0.7500
CVR (clicked)     2          1  1.0000    0.4904  0.5859  0.750              0.750  1.0000
CTCVR             4          1  1.0000    0.3109  0.5014  0.625              0.875  1.0000
mean pcvr 0.3750 on rows that reached click, 0.1875 on the others
CTR GAUC leaves out 1 of 2 groups, which have one class (25% of the rows)
CTCVR GAUC leaves out 1 of 2 groups, which have one class (25% of the rows)
CTCVR AUC with the shared CTR network 1.0000`.slice(1),
    );
  });

  it('has a dash and a footnote for an undefined metric, and no GAUC where the rows have no group', () => {
    expect(formatMetricsTable(evaluateFunnel(withoutConversions, OPTIONS))).toBe(
      `
               rows  positives     AUC  log loss      NE   PCOC  calibration error
CTR               4          2  0.8750    0.4904  0.7075  1.000              0.250
CVR (clicked)     2          0   - [1]    0.4904   - [1]  - [1]              - [1]
CTCVR             4          0   - [1]    0.1832   - [1]  - [1]              - [1]
[1] no positive rows
mean pcvr 0.3750 on rows that reached click, 0.1875 on the others`.slice(1),
    );
  });
});

describe('metricsJson', () => {
  it('has stable keys, and null with the reason where a metric is undefined', () => {
    const json = metricsJson(evaluateFunnel(withoutConversions, OPTIONS));
    expect(json.tasks.cvr).toEqual({
      output: 'pcvr',
      label: 'conversion',
      given: 'click',
      rows: 2,
      unknown: 0,
      positives: 0,
      base_rate: 0,
      mean_prediction: 0.375,
      mean_prediction_reached: 0.375,
      mean_prediction_not_reached: 0.1875,
      pcoc: null,
      auc: null,
      gauc: null,
      gauc_groups: 0,
      gauc_dropped_groups: 0,
      gauc_dropped_share: null,
      log_loss: (Math.log(2) + Math.log(4 / 3)) / 2,
      training_rate: 0.25,
      normalized_entropy: null,
      calibration_error: null,
      top_k: [0.001, 0.006, 0.01].map((share) => ({ share, precision: null, recall: null, f1: null })),
      reliability: expect.any(Array),
      reasons: {
        pcoc: 'no positive rows',
        auc: 'no positive rows',
        gauc: 'rows have no group',
        gauc_dropped_share: 'rows have no group',
        normalized_entropy: 'no positive rows',
        calibration_error: 'no positive rows',
        top_k: 'no positive rows',
      },
    });
    expect(json.tasks.cvr?.reliability[0]).toEqual({
      weight: 0.1,
      lower: 0.25,
      upper: 0.25,
      mean_prediction: 0.25,
      rate: 0,
      pcoc: null,
    });
    expect(json).toMatchObject({
      ctcvr_auc_own: null,
      ctcvr_auc_shared_ctr: null,
      reasons: { ctcvr_auc_own: 'no positive rows', ctcvr_auc_shared_ctr: 'no shared CTR network' },
    });
  });

  it('is the same after a round trip through text', () => {
    const json = metricsJson(evaluateFunnel(rows, OPTIONS));
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
});
