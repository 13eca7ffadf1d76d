/**
 * Fits one calibrator an edge, in the order of the stages: a later edge with the calibrated earlier ones fixed. Nothing
 * but edges is calibrated; the products are put together again from them.
 */
import type { Calibrator, Calibrators } from '../../model/calibrators.ts';
import type { StageGraph, Tower } from '../../model/stage-graph.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt } from './platt.ts';

/** Rows that no weight was trained on. */
export interface CalibrationRows {
  /** By tower name: the logit that the network gives. */
  readonly logits: Readonly<Record<string, Float32Array>>;
  /** By labelled stage: 1 where the row reached it from the root, 0 where not, -1 where that is not known yet. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  readonly weight: Float32Array | null;
}

export interface FittedCalibrators {
  readonly calibrators: Calibrators;
  /** By tower name: why it has none. */
  readonly uncalibrated: Readonly<Record<string, string>>;
}

// Two parameters want more than a handful of each outcome.
const MIN_OUTCOMES = 10;

/**
 * - Platt: maximum likelihood of the stage's label over all rows of the root, through the calibrated edges before it;
 *   several edges to one stage are fitted together.
 * - Isotonic: on the rows that reached the edge's parent.
 *
 * An edge whose stage has no label, or fewer than ten rows of either outcome, is left as it is.
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
    const fitted = kind === 'platt' ? fitTogether(stage, towers) : fitApart(stage, towers);
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
    if (calibrators[name] === undefined) uncalibrated[name] ??= 'no label tells of its stage';
  return { calibrators, uncalibrated };

  function fitTogether(stage: string, towers: readonly Tower[]): Record<string, Calibrator | string> {
    const label = rows.labels[stage] as Int8Array;
    const names = towers.map(({ name }) => name);
    const lack = lackOf(label, stage);
    if (lack !== null) return Object.fromEntries(names.map((name) => [name, lack]));
    return fitPlatt({ graph, towers: names, stage, logits, label, weight: rows.weight });
  }

  function fitApart(stage: string, towers: readonly Tower[]): Record<string, Calibrator | string> {
    return Object.fromEntries(
      towers.map(({ name, from }) => {
        const parent = from === graph.root ? null : rows.labels[from];
        if (parent === undefined) return [name, `no label tells which rows reached ${from}`];
        const own = rowsOf(logits[name] as Float64Array, rows.labels[stage] as Int8Array, parent, rows.weight);
        return [name, lackOf(own.label, stage) ?? fitIsotonic(own)];
      }),
    );
  }
}

/** The same map as the model's, for fitting what comes after it. */
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

function lackOf(label: Int8Array, stage: string): string | null {
  const counts = [0, 0];
  for (const y of label) if (y >= 0) counts[y] = (counts[y] as number) + 1;
  const [negative, positive] = counts as [number, number];
  if (Math.min(negative, positive) >= MIN_OUTCOMES) return null;
  return `${positive} rows of ${stage} and ${negative} without, expected ${MIN_OUTCOMES} of each`;
}

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
