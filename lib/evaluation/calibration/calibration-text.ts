/** What was calibrated, and what it did, as text for people. */
import { fixed, listed } from '../../numbers/text.ts';
import type { FunnelMetrics, FunnelTaskMetrics } from '../funnel.ts';
import { alignColumns } from '../metrics-table.ts';
import type { ChosenCalibration } from './choose.ts';

/** What a version records of its calibration. */
export type CalibrationFacts = Pick<ChosenCalibration, 'of' | 'why' | 'uncalibrated' | 'left'> & {
  readonly kind: 'platt' | 'isotonic';
};

/** Says in a line what was calibrated, why, and what was left out. */
export function calibrationText({ kind, of, why, uncalibrated, left }: CalibrationFacts): string {
  const without = Object.entries({ ...uncalibrated, ...left }).map(([name, reason]) => `${name} (${reason})`);
  const leftOut = without.length === 0 ? '' : `; without calibration: ${listed(without, '; ')}`;
  return of === 'none' ? `nothing is calibrated: ${why}${leftOut}` : `${kind} of the ${of}: ${why}${leftOut}`;
}

/** A trained model, as far as its calibration is told. */
export interface CalibratedModel {
  /** `null` where no calibration is declared. */
  readonly calibration: CalibrationFacts | null;
  readonly metrics: FunnelMetrics;
  /** Metrics before calibration; `null` where nothing was calibrated. */
  readonly uncalibrated: FunnelMetrics | null;
}

/** Returns the lines of a terminal on a calibration: what was calibrated, and PCOC and AUC of each task. */
export function formatCalibration({ calibration, metrics, uncalibrated }: CalibratedModel): string[] {
  if (calibration === null) return [];
  const text = `calibration: ${calibrationText(calibration)}`;
  return uncalibrated === null ? [text] : [text, ...tableLines(uncalibrated, metrics)];
}

function tableLines(before: FunnelMetrics, after: FunnelMetrics): string[] {
  const lines = after.tasks.map((metrics, index) => {
    const uncalibrated = before.tasks[index] as FunnelTaskMetrics;
    return [
      metrics.task.title,
      fixed(uncalibrated.pcoc.value, 3),
      fixed(metrics.pcoc.value, 3),
      fixed(uncalibrated.auc.value, 4),
      fixed(metrics.auc.value, 4),
    ];
  });
  return alignColumns([['', 'PCOC before', 'after', 'AUC before', 'after'], ...lines]);
}
