/**
 * Fits one calibrator for each edge of the stage graph, in the order of the stages, so that a later edge is fitted
 * through the calibrated earlier ones. Only edges are calibrated; the probabilities of reaching a stage are computed
 * from them.
 */
import type { Calibrator } from '../../model/calibrators.ts';
import type { StageGraph, Tower } from '../../model/stage-graph.ts';
import { type CalibrationRows, calibrated, type FittedCalibrators, knownRows, shortageOf } from './calibration-rows.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt } from './platt.ts';

/**
 * Fits the calibrators of all towers.
 *
 * - Platt: by maximum likelihood of the label of the edge's stage, over all rows, with the earlier edges calibrated.
 *   Several edges to one stage are fitted together.
 * - Isotonic: on the rows that reached the stage where the edge starts.
 *
 * An edge is not calibrated where its stage has no label, or fewer than ten rows of one of the two outcomes. None is
 * where the network lacks the logit of an edge.
 */
export function fitEdges(
  graph: StageGraph,
  rows: Omit<CalibrationRows, 'reach'>,
  kind: Calibrator['kind'],
): FittedCalibrators {
  const calibrators: Record<string, Calibrator> = {};
  const uncalibrated: Record<string, string> = {};
  const lacking = graph.towers.find(({ name }) => rows.edges[name] === undefined);
  if (lacking !== undefined) {
    const reason = `the model has no logit of the edge ${lacking.name}`;
    return { calibrators, uncalibrated: Object.fromEntries(graph.towers.map(({ name }) => [name, reason])) };
  }
  const logits: Record<string, Float64Array> = Object.fromEntries(
    Object.entries(rows.edges).map(([tower, values]) => [tower, Float64Array.from(values)]),
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
      logits[tower] = calibrated(calibrator, logits[tower] as Float64Array);
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
        const own = knownRows(logits[name] as Float64Array, rows.labels[stage] as Int8Array, parent, rows.weight);
        return [name, shortageOf(own.label, stage) ?? fitIsotonic(own)];
      }),
    );
  }
}
