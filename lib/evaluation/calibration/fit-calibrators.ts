/**
 * Fits one calibrator for each edge of the stage graph, in the order of the stages, so that a later edge is fitted
 * through the calibrated earlier ones. Only edges are calibrated; the probabilities of reaching a stage are computed
 * from them.
 */
import type { Calibrator, Calibrators } from '../../model/calibrators.ts';
import type { StageGraph, Tower } from '../../model/stage-graph.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt } from './platt.ts';

/** The rows to fit calibrators on, none of which the network was trained on. */
export interface CalibrationRows {
  /** The network's logits of the rows, by tower name. */
  readonly logits: Readonly<Record<string, Float32Array>>;
  /** 1 if the row reached the stage from the root, 0 if not, -1 if that is not known yet, by labelled stage. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  readonly weight: Float32Array | null;
}

/** The calibrators that could be fitted, and why the others could not. */
export interface FittedCalibrators {
  readonly calibrators: Calibrators;
  /** The reason why a tower has no calibrator, by tower name. */
  readonly uncalibrated: Readonly<Record<string, string>>;
}

// With fewer rows of an outcome, two parameters are mostly noise.
const MIN_OUTCOMES = 10;

/**
 * Fits the calibrators of all towers.
 *
 * - Platt: by maximum likelihood of the label of the edge's stage, over all rows, with the earlier edges calibrated.
 *   Several edges to one stage are fitted together.
 * - Isotonic: on the rows that reached the stage where the edge starts.
 *
 * An edge is not calibrated where its stage has no label, or fewer than ten rows of one of the two outcomes.
 */
export function fitCalibrators(graph: StageGraph, rows: CalibrationRows, kind: Calibrator['kind']): FittedCalibrators {
  const calibrators: Record<string, Calibrator> = {};
  const uncalibrated: Record<string, string> = {};
  const logits = Object.fromEntries(
    Object.entries(rows.logits).map(([tower, values]) => [tower, Float64Array.from(values)]),
  );
  for (const { name: stage } of graph.labelled) {
    const towers = graph.towers.filter(({ to, complement }) =>
      to.some((next) => next === stage && next !== complement),
    );
    const fitted = kind === 'platt' ? fitPlattTogether(stage, towers) : fitIsotonicEach(stage, towers);
    for (const [tower, calibrator] of Object.entries(fitted)) {
      if (typeof calibrator === 'string') {
        uncalibrated[tower] = calibrator;
        continue;
      }
      calibrators[tower] = calibrator;
      logits[tower] = (logits[tower] as Float64Array).map((x) => calibrated(calibrator, x));
    }
  }
  for (const { name } of graph.towers)
    if (calibrators[name] === undefined) uncalibrated[name] ??= 'its stage has no label';
  return { calibrators, uncalibrated };

  function fitPlattTogether(stage: string, towers: readonly Tower[]): Record<string, Calibrator | string> {
    const label = rows.labels[stage] as Int8Array;
    const names = towers.map(({ name }) => name);
    const shortage = shortageOf(label, stage);
    if (shortage !== null) return Object.fromEntries(names.map((name) => [name, shortage]));
    return fitPlatt({ graph, towers: names, stage, logits, label, weight: rows.weight });
  }

  function fitIsotonicEach(stage: string, towers: readonly Tower[]): Record<string, Calibrator | string> {
    return Object.fromEntries(
      towers.map(({ name, from }) => {
        const parent = from === graph.root ? null : rows.labels[from];
        if (parent === undefined) return [name, `no label tells which rows reached ${from}`];
        const own = rowsOf(logits[name] as Float64Array, rows.labels[stage] as Int8Array, parent, rows.weight);
        return [name, shortageOf(own.label, stage) ?? fitIsotonic(own)];
      }),
    );
  }
}

/** Applies a calibrator to a logit in float64, as `calibrateLogits` does in the graph, to fit the edges after it. */
function calibrated(calibrator: Calibrator, x: number): number {
  if (calibrator.kind === 'platt') return calibrator.slope * x + calibrator.intercept;
  const { logits, calibrated: values } = calibrator;
  const after = logits.findIndex((knot) => x <= knot);
  if (after === 0) return (values[0] as number) + x - (logits[0] as number);
  if (after < 0) return (values.at(-1) as number) + x - (logits.at(-1) as number);
  const [x0, x1] = [logits[after - 1] as number, logits[after] as number];
  const [y0, y1] = [values[after - 1] as number, values[after] as number];
  return y0 + ((y1 - y0) / (x1 - x0)) * (x - x0);
}

/** Returns why a label cannot be fitted: it has too few rows of one outcome; else `null`. */
function shortageOf(label: Int8Array, stage: string): string | null {
  const counts = [0, 0];
  for (const y of label) if (y >= 0) counts[y] = (counts[y] as number) + 1;
  const [negative, positive] = counts as [number, number];
  if (Math.min(negative, positive) >= MIN_OUTCOMES) return null;
  return `${positive} rows of ${stage} and ${negative} without, expected ${MIN_OUTCOMES} of each`;
}

/** Returns the rows that reached the parent (all, where it is `null`) and whose label is known. */
function rowsOf(logit: Float64Array, label: Int8Array, parent: Int8Array | null, weight: Float32Array | null) {
  const indices = Uint32Array.from(label, (_, row) => row).filter(
    (row) => (label[row] as number) >= 0 && (parent === null || parent[row] === 1),
  );
  return {
    logit: Float64Array.from(indices, (row) => logit[row] as number),
    label: Int8Array.from(indices, (row) => label[row] as number),
    weight: weight && Float32Array.from(indices, (row) => weight[row] as number),
  };
}
