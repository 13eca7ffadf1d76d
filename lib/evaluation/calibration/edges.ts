/**
 * Calibration of the edges of the stage graph: a calibrator for each tower's logit, fitted in the order of the stages, so
 * that a later edge is fitted through the calibrated earlier ones. The probabilities of reaching a stage are computed
 * from them.
 *
 * - Platt: by maximum likelihood of the label of the edge's stage, over all rows. Several edges to one stage are fitted
 *   together.
 * - Isotonic: on the rows that reached the stage where the edge starts.
 *
 * An edge is not calibrated where its stage has no label, or fewer than ten rows of one of the two outcomes. None is
 * where the network lacks the logit of an edge.
 */
import type { Calibrator, Calibrators } from '../../model/calibrators.ts';
import type { StageGraph, Tower } from '../../model/stage-graph.ts';
import type { CalibrationMethod, Logits, StageFit } from './calibration-method.ts';
import { type CalibrationRows, calibrated, knownRows, shortageOf } from './calibration-rows.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt } from './platt.ts';
import { reachMass } from './reach-mass.ts';

export const EDGES: CalibrationMethod = {
  of: 'edges',
  whyNot: (graph, { edges }) => {
    const lacking = graph.towers.find(({ name }) => edges[name] === undefined);
    return lacking === undefined ? null : `the model has no logit of the edge ${lacking.name}`;
  },
  names: (graph, stage) => towersTo(graph, stage).map(({ name }) => name),
  fitStage: (graph, rows, fit) =>
    fit.kind === 'platt' ? fitPlattTogether(graph, rows, fit) : fitIsotonicEach(graph, rows, fit.stage),
  reachLogits: (graph, { rows, edges }, calibrators, stage) => {
    const logits = withCalibrators(edges, calibrators);
    const way = { from: graph.root, to: stage, rows };
    const { reached, missed } = reachMass(graph, (tower) => logits[tower] as Float64Array, way);
    return reached.map((mass, row) => logOf(mass) - logOf(missed[row] as number));
  },
};

function towersTo({ towers }: StageGraph, stage: string): Tower[] {
  return towers.filter(({ to, complement }) => to.some((next) => next === stage && next !== complement));
}

function fitPlattTogether(
  graph: StageGraph,
  { edges, labels, weight }: CalibrationRows,
  { stage, before }: StageFit,
): Record<string, Calibrator | string> {
  const label = labels[stage] as Int8Array;
  const towers = EDGES.names(graph, stage);
  const shortage = shortageOf(label, stage);
  if (shortage !== null) return Object.fromEntries(towers.map((name) => [name, shortage]));
  return fitPlatt({ graph, towers, stage, logits: withCalibrators(wide(edges), before), label, weight });
}

function fitIsotonicEach(
  graph: StageGraph,
  { edges, labels, weight }: CalibrationRows,
  stage: string,
): Record<string, Calibrator | string> {
  return Object.fromEntries(
    towersTo(graph, stage).map(({ name, from }) => {
      const parent = from === graph.root ? null : labels[from];
      if (parent === undefined) return [name, `no label tells which rows reached ${from}`];
      const logit = Float64Array.from(edges[name] as Float32Array);
      const own = knownRows(logit, labels[stage] as Int8Array, parent, weight);
      return [name, shortageOf(own.label, stage) ?? fitIsotonic(own)];
    }),
  );
}

function wide(columns: Readonly<Record<string, Float32Array>>): Logits['edges'] {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)]));
}

function withCalibrators(logits: Logits['edges'], calibrators: Calibrators): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(logits).map(([name, values]) => {
      const calibrator = calibrators[name];
      return [name, calibrator === undefined ? values : calibrated(calibrator, values)];
    }),
  );
}

/** Returns the logarithm of a mass; one below the smallest float64 would make the loss of all rows infinite. */
function logOf(mass: number): number {
  return Math.log(Math.max(mass, Number.MIN_VALUE));
}
