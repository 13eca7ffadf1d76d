import { describe, expect, it } from 'vitest';
import { formatCalibration } from '../../../lib/evaluation/calibration/calibration-text.ts';
import { evaluateFunnel, roleTasks } from '../../../lib/evaluation/funnel.ts';

const metricsOf = (pctcvr: Float32Array) =>
  evaluateFunnel(
    {
      probabilities: {
        pctr: Float32Array.of(0.75, 0.5, 0.5, 0.25),
        pcvr: Float32Array.of(0.5, 0.25, 0.125, 0.25),
        pctcvr,
      },
      labels: { click: Int8Array.of(1, 1, 0, 0), conversion: Int8Array.of(1, 0, 0, 0) },
      weight: null,
      group: null,
    },
    {
      tasks: roleTasks({ impression: 'impression', click: 'click', conversion: 'conversion' }, 'impression'),
      trainingRates: { ctr: 0.5, cvr: 0.25, ctcvr: 0.125 },
    },
  );

describe('formatCalibration', () => {
  const before = metricsOf(Float32Array.of(0.375, 0.125, 0.0625, 0.0625));
  const after = metricsOf(Float32Array.of(0.6, 0.2, 0.1, 0.1));
  const calibration = { kind: 'platt', of: 'product', why: 'declared', uncalibrated: {}, left: {} } as const;

  it('says what was calibrated, and shows every output before and after', () => {
    expect(formatCalibration({ calibration, metrics: after, uncalibrated: before }).join('\n')).toBe(
      `
calibration: platt of the product: declared
               PCOC before  after  AUC before   after
CTR                  1.000  1.000      0.8750  0.8750
CVR (clicked)        0.750  0.750      1.0000  1.0000
CTCVR                0.625  1.000      1.0000  1.0000`.slice(1),
    );
  });

  it('says why nothing, or not everything, was calibrated', () => {
    const of = (facts: object) =>
      formatCalibration({ calibration: { ...calibration, ...facts }, metrics: after, uncalibrated: null });
    expect(of({ of: 'none', why: 'nothing can be fitted', uncalibrated: { click: 'its stage has no label' } })).toEqual(
      [
        'calibration: nothing is calibrated: nothing can be fitted; without calibration: click (its stage has no label)',
      ],
    );
    expect(formatCalibration({ calibration: null, metrics: after, uncalibrated: null })).toEqual([]);
  });
});
