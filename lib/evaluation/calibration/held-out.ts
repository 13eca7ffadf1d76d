/** How well calibrators do on rows that they were not fitted on. */
import type { Calibrator, Calibrators } from '../../model/calibrators.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import { mix } from '../../numbers/random.ts';
import type { CalibrationMethod, Logits } from './calibration-method.ts';
import type { CalibrationRows } from './calibration-rows.ts';
import { differenceText, gainOf } from './gain.ts';
import { softplus } from './product.ts';

/** Parts that the rows are divided into: each is held out once, and the calibrators are fitted on the others. */
export const FOLDS = 5;

/** The rows, and the user of each, if there are any. */
export interface GroupedRows extends CalibrationRows {
  /** Id of the group (user) of each row, whose rows stay in one part; `null` where rows have no group. */
  readonly group: Float64Array | null;
}

/** How a method does on held-out rows. */
export interface HeldOutResult {
  /** The stages whose calibrators make the loss of held-out rows lower. */
  readonly kept: readonly string[];
  /** Why the others are left as they are, by stage. */
  readonly left: Readonly<Record<string, string>>;
  /** Of each row, the cross-entropy of its known labels of reaching a stage, summed over the stages. */
  readonly losses: Float64Array;
}

/** Returns the part that each row is held out in: by its group, or by its place. */
export function foldsOf({ group, labels }: Pick<GroupedRows, 'group' | 'labels'>): Uint8Array {
  const rows = Object.values(labels)[0]?.length ?? 0;
  const of = (id: number) => (mix((id % 2 ** 32) ^ mix(Math.floor(id / 2 ** 32) + 1)) >>> 0) % FOLDS;
  return Uint8Array.from({ length: rows }, (_, row) => of(group === null ? row : (group[row] as number)));
}

/** A part of the rows, and the calibrators that were fitted on the others. */
interface Fold {
  readonly held: Uint32Array;
  readonly logits: Logits;
  /** All rows, with unknown labels for those of this part, so that they take no part in a fit. */
  readonly others: CalibrationRows;
  calibrators: Calibrators;
}

/**
 * Goes through the labelled stages in their order, and keeps the calibrators of those that do better with them than
 * without: on rows that they were not fitted on, and with the earlier stages calibrated as it was decided.
 */
export function testHeldOut(
  method: CalibrationMethod,
  graph: StageGraph,
  rows: GroupedRows,
  kind: Calibrator['kind'],
): HeldOutResult {
  const folds = cutFolds(rows);
  const size = rows.labels[graph.labelled[0]?.name ?? '']?.length ?? 0;
  const losses = new Float64Array(size);
  const kept: string[] = [];
  const left: Record<string, string> = {};
  for (const { name: stage } of graph.labelled) {
    const fitted = folds.map((fold) => ({
      ...fold.calibrators,
      ...calibratorsIn(method.fitStage(graph, fold.others, { stage, before: fold.calibrators, kind })),
    }));
    const label = rows.labels[stage] as Int8Array;
    const lossOf = (calibratorsOf: (fold: Fold, i: number) => Calibrators) => {
      const values = new Float64Array(size);
      for (const [i, fold] of folds.entries())
        addLosses(values, fold.held, label, method.reachLogits(graph, fold.logits, calibratorsOf(fold, i), stage));
      return values;
    };
    const without = lossOf(({ calibrators }) => calibrators);
    const withThem = lossOf((_, i) => fitted[i] as Calibrators);
    const gain = gainOf(without, withThem, rows.weight);
    if (gain.mean > 0) {
      kept.push(stage);
      for (const [i, fold] of folds.entries()) fold.calibrators = fitted[i] as Calibrators;
    } else left[stage] = `on held-out rows the loss is ${differenceText(gain)} with a calibrator`;
    const decided = gain.mean > 0 ? withThem : without;
    for (let row = 0; row < size; row++) losses[row] = (losses[row] as number) + (decided[row] as number);
  }
  return { kept, left, losses };
}

function cutFolds(rows: GroupedRows): Fold[] {
  const folds = foldsOf(rows);
  return Array.from({ length: FOLDS }, (_, fold): Fold => {
    const held = Uint32Array.from(folds, (_of, row) => row).filter((row) => folds[row] === fold);
    const pick = (values: Float32Array) => Float64Array.from(held, (row) => values[row] as number);
    return {
      held,
      logits: { rows: held.length, edges: mapped(rows.edges, pick), reach: mapped(rows.reach, pick) },
      others: {
        ...rows,
        labels: mapped(rows.labels, (label) => label.map((y, row) => (folds[row] === fold ? -1 : y))),
      },
      calibrators: {},
    };
  });
}

function calibratorsIn(fitted: Readonly<Record<string, Calibrator | string>>): Calibrators {
  return Object.fromEntries(
    Object.entries(fitted).filter((entry): entry is [string, Calibrator] => typeof entry[1] !== 'string'),
  );
}

/** Adds the losses of the rows in `held` whose label is known, by their logits. */
function addLosses(losses: Float64Array, held: Uint32Array, label: Int8Array, logits: Float64Array): void {
  for (let place = 0; place < held.length; place++) {
    const row = held[place] as number;
    const [y, logit] = [label[row] as number, logits[place] as number];
    if (y >= 0) losses[row] = softplus(y === 1 ? -logit : logit);
  }
}

function mapped<From, To>(record: Readonly<Record<string, From>>, of: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]));
}
