/** A way to calibrate: what has a calibrator, how it is fitted, and what the probabilities then are. */
import type { CalibrationTarget, Calibrator, Calibrators } from '../../model/calibrators.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import type { CalibrationRows, FittedCalibrators } from './calibration-rows.ts';

/** The network's logits of some rows, in float64. */
export interface Logits {
  readonly rows: number;
  /** By tower name. */
  readonly edges: Readonly<Record<string, Float64Array>>;
  /** Of reaching a stage from the root, by stage. */
  readonly reach: Readonly<Record<string, Float64Array>>;
}

/** The calibrators that are there already, and the kind of the next. */
export interface StageFit {
  readonly stage: string;
  /** Calibrators of the stages before. */
  readonly before: Calibrators;
  readonly kind: Calibrator['kind'];
}

export interface CalibrationMethod {
  readonly of: CalibrationTarget;
  /** Returns why the method cannot be used at all; else `null`. */
  whyNot(graph: StageGraph, rows: Pick<CalibrationRows, 'edges' | 'reach'>): string | null;
  /** Returns what has a calibrator of a labelled stage: its towers, or itself. */
  names(graph: StageGraph, stage: string): readonly string[];
  /** Fits the calibrators of a labelled stage; the reason, in place of one that cannot be fitted. */
  fitStage(graph: StageGraph, rows: CalibrationRows, fit: StageFit): Readonly<Record<string, Calibrator | string>>;
  /** Returns the calibrated logits of reaching a labelled stage from the root. */
  reachLogits(graph: StageGraph, logits: Logits, calibrators: Calibrators, stage: string): Float64Array;
}

/** Fits the calibrators of some labelled stages, all by default, in the order of the stages. */
export function fitCalibrators(
  method: CalibrationMethod,
  graph: StageGraph,
  rows: CalibrationRows,
  kind: Calibrator['kind'],
  stages: readonly string[] = graph.labelled.map(({ name }) => name),
): FittedCalibrators {
  const calibrators: Record<string, Calibrator> = {};
  const uncalibrated: Record<string, string> = {};
  const reason = method.whyNot(graph, rows);
  for (const { name: stage } of graph.labelled) {
    if (!stages.includes(stage)) continue;
    const fitted = reason === null ? method.fitStage(graph, rows, { stage, before: calibrators, kind }) : {};
    for (const name of method.names(graph, stage)) {
      const one = reason ?? (fitted[name] as Calibrator | string);
      if (typeof one === 'string') uncalibrated[name] = one;
      else calibrators[name] = one;
    }
  }
  return { calibrators, uncalibrated };
}
