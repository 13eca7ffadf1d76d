/** The rows that calibrators are fitted on, and what the fits of edges and products have in common. */
import type { Calibrator, Calibrators } from '../../model/calibrators.ts';

/** The rows to fit calibrators on, none of which the network was trained on. */
export interface CalibrationRows {
  /** The network's logits of the towers, by tower name; some or all may be missing. */
  readonly edges: Readonly<Record<string, Float32Array>>;
  /** The network's logits of reaching a stage from the root, by stage; empty where it gives none. */
  readonly reach: Readonly<Record<string, Float32Array>>;
  /** 1 if the row reached the stage from the root, 0 if not, -1 if that is not known yet, by labelled stage. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  readonly weight: Float32Array | null;
}

/** The calibrators that could be fitted, and why the others could not. */
export interface FittedCalibrators {
  readonly calibrators: Calibrators;
  /** The reason why a tower, or a labelled stage, has no calibrator, by its name. */
  readonly uncalibrated: Readonly<Record<string, string>>;
}

/** With fewer rows of an outcome, two parameters are mostly noise. */
export const LEAST_OUTCOMES = 10;

/** Returns why a label cannot be fitted: it has too few rows of one outcome; else `null`. */
export function shortageOf(label: Int8Array, stage: string): string | null {
  const counts = [0, 0];
  for (const y of label) if (y >= 0) counts[y] = (counts[y] as number) + 1;
  const [negative, positive] = counts as [number, number];
  if (Math.min(negative, positive) >= LEAST_OUTCOMES) return null;
  return `${positive} rows of ${stage} and ${negative} without, expected ${LEAST_OUTCOMES} of each`;
}

/** Returns the rows that reached the parent (all, where it is `null`) and whose label is known. */
export function knownRows(
  logit: Float64Array,
  label: Int8Array,
  parent: Int8Array | null,
  weight: Float32Array | null,
): { readonly logit: Float64Array; readonly label: Int8Array; readonly weight: Float32Array | null } {
  const indices = Uint32Array.from(label, (_, row) => row).filter(
    (row) => (label[row] as number) >= 0 && (parent === null || parent[row] === 1),
  );
  return {
    logit: Float64Array.from(indices, (row) => logit[row] as number),
    label: Int8Array.from(indices, (row) => label[row] as number),
    weight: weight && Float32Array.from(indices, (row) => weight[row] as number),
  };
}

/** Applies a calibrator to logits in float64, as `calibrateLogits` does in the graph. */
export function calibrated(calibrator: Calibrator, logits: Float64Array): Float64Array {
  if (calibrator.kind === 'platt') return logits.map((x) => calibrator.slope * x + calibrator.intercept);
  const { logits: knots, calibrated: values } = calibrator;
  const last = knots.length - 1;
  return logits.map((x) => {
    const after = firstNotBelow(knots, x);
    if (after === 0) return (values[0] as number) + x - (knots[0] as number);
    if (after > last) return (values[last] as number) + x - (knots[last] as number);
    const [x0, x1] = [knots[after - 1] as number, knots[after] as number];
    const [y0, y1] = [values[after - 1] as number, values[after] as number];
    return y0 + ((y1 - y0) / (x1 - x0)) * (x - x0);
  });
}

/** Returns the position of the first of ascending knots that is not below x; their number where all are. */
function firstNotBelow(knots: readonly number[], x: number): number {
  let [from, to] = [0, knots.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((knots[middle] as number) < x) from = middle + 1;
    else to = middle;
  }
  return from;
}
