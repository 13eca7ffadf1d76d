/** How well calibrators do on rows that they were not fitted on. */
import type { Calibrator, ModelCalibration } from '../../model/calibrators.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import { mix } from '../../numbers/random.ts';
import { type CalibrationRows, calibrated } from './calibration-rows.ts';
import { fitEdges } from './fit-edges.ts';
import { fitProduct, productLogits, softplus } from './fit-product.ts';
import { reachMass } from './reach-mass.ts';

/** Parts that the rows are divided into: each is held out once, and the calibrators are fitted on the others. */
export const FOLDS = 5;

/** What is compared: the model as it is, and two ways to calibrate it. */
export type Candidate = 'none' | ModelCalibration['of'];

/** The rows, and the user of each, if there are any. */
export interface GroupedRows extends CalibrationRows {
  /** Id of the group (user) of each row, whose rows stay in one part; `null` where rows have no group. */
  readonly group: Float64Array | null;
}

/** Returns the part that each row is held out in: by its group, or by its place. */
export function foldsOf({ group, labels }: Pick<GroupedRows, 'group' | 'labels'>): Uint8Array {
  const rows = Object.values(labels)[0]?.length ?? 0;
  const of = (id: number) => (mix((id % 2 ** 32) ^ mix(Math.floor(id / 2 ** 32) + 1)) >>> 0) % FOLDS;
  return Uint8Array.from({ length: rows }, (_, row) => of(group === null ? row : (group[row] as number)));
}

/**
 * Returns the loss of every row: the cross-entropy of its known labels of reaching a stage, summed over the stages, by
 * calibrators that were fitted on other rows.
 */
export function heldOutLosses(
  graph: StageGraph,
  rows: GroupedRows,
  candidate: Candidate,
  kind: Calibrator['kind'],
): Float64Array {
  const folds = foldsOf(rows);
  const losses = new Float64Array(folds.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = Uint32Array.from(folds, (_, row) => row).filter((row) => folds[row] === fold);
    // A row of unknown label takes no part in a fit.
    const without = (label: Int8Array) => label.map((y, row) => (folds[row] === fold ? -1 : y));
    const others = { ...rows, labels: mapped(rows.labels, without) };
    const values = lossesOf(graph, pickRows(rows, held), fitted(graph, others, candidate, kind));
    for (let i = 0; i < held.length; i++) losses[held[i] as number] = values[i] as number;
  }
  return losses;
}

function fitted(
  graph: StageGraph,
  rows: CalibrationRows,
  candidate: Candidate,
  kind: Calibrator['kind'],
): ModelCalibration | null {
  if (candidate === 'none') return null;
  const fit = candidate === 'edges' ? fitEdges : fitProduct;
  return { of: candidate, calibrators: fit(graph, rows, kind).calibrators };
}

interface PickedRows {
  readonly rows: number;
  readonly edges: Readonly<Record<string, Float64Array>>;
  readonly reach: Readonly<Record<string, Float64Array>>;
  readonly labels: Readonly<Record<string, Int8Array>>;
}

function pickRows({ edges, reach, labels }: CalibrationRows, rows: Uint32Array): PickedRows {
  const wide = (values: Float32Array) => Float64Array.from(rows, (row) => values[row] as number);
  const narrow = (values: Int8Array) => Int8Array.from(rows, (row) => values[row] as number);
  return { rows: rows.length, edges: mapped(edges, wide), reach: mapped(reach, wide), labels: mapped(labels, narrow) };
}

function lossesOf(graph: StageGraph, rows: PickedRows, calibration: ModelCalibration | null): Float64Array {
  const losses = new Float64Array(rows.rows);
  const logits = calibratedLogits(graph, rows, calibration);
  for (const { name } of graph.labelled) {
    const [label, logit] = [rows.labels[name] as Int8Array, logits[name] as Float64Array];
    for (let row = 0; row < losses.length; row++) {
      const y = label[row] as number;
      if (y < 0) continue;
      losses[row] = (losses[row] as number) + softplus(y === 1 ? -(logit[row] as number) : (logit[row] as number));
    }
  }
  return losses;
}

/** Returns the logits of reaching the labelled stages, by stage. */
function calibratedLogits(
  graph: StageGraph,
  { rows, edges, reach }: PickedRows,
  calibration: ModelCalibration | null,
): Readonly<Record<string, Float64Array>> {
  if (calibration === null) return reach;
  if (calibration.of === 'product') return productLogits(graph, calibration.calibrators, reach);
  const towers = Object.fromEntries(
    Object.entries(edges).map(([name, logits]) => {
      const calibrator = calibration.calibrators[name];
      return [name, calibrator === undefined ? logits : calibrated(calibrator, logits)];
    }),
  );
  return Object.fromEntries(
    graph.labelled.map(({ name }) => {
      const way = { from: graph.root, to: name, rows };
      const { reached, missed } = reachMass(graph, (tower) => towers[tower] as Float64Array, way);
      return [name, reached.map((mass, row) => logOf(mass) - logOf(missed[row] as number))];
    }),
  );
}

/** Returns the logarithm of a mass; one below the smallest float64 would make the loss of all rows infinite. */
function logOf(mass: number): number {
  return Math.log(Math.max(mass, Number.MIN_VALUE));
}

function mapped<From, To>(record: Readonly<Record<string, From>>, of: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]));
}
