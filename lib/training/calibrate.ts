/** Calibration of a trained model on the validation rows, which no weight was trained on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Weights } from '../engine/engine.ts';
import { traceLogits, traceScores } from '../engine/ort/scoring-graph.ts';
import { openScoringModel } from '../engine/ort/scoring-model.ts';
import { type FittedCalibrators, fitCalibrators } from '../evaluation/calibration/fit-calibrators.ts';
import type { FunnelMetrics } from '../evaluation/funnel.ts';
import { metricsJson, type TaskMetricsJson } from '../evaluation/metrics-json.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import type { Calibrator } from '../model/calibrators.ts';
import type { Model } from '../model/model.ts';
import { type EvaluateOptions, scoreRows } from './evaluate-model.ts';

/** What a model was calibrated with. */
export interface Calibration extends FittedCalibrators {
  readonly kind: Calibrator['kind'];
  /** Local folder with the `model.onnx` before calibration, to compare with. */
  readonly uncalibratedFolder: string;
}

export interface CalibrateOptions extends Omit<EvaluateOptions, 'model' | 'parts' | 'trainingRates'> {
  readonly model: Model;
  readonly weights: Weights;
  readonly kind: Calibrator['kind'];
  readonly threads: number;
  /** Existing folder for the models on the way. */
  readonly scratch: string;
}

const CALIBRATION_FILE = 'calibration.json';
const COMPARED = ['pcoc', 'log_loss', 'calibration_error'] as const;

/** Fits a calibrator to each tower on the validation rows. */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { model, weights, kind, threads, scratch, encoder } = options;
  const [logitsFolder, uncalibratedFolder] = [join(scratch, 'logits'), join(scratch, 'uncalibrated')];
  for (const folder of [logitsFolder, uncalibratedFolder]) await mkdir(folder);
  const { inputs } = encoder;
  await writeOnnx(traceLogits(model, inputs, weights), join(logitsFolder, 'model.onnx'));
  await writeOnnx(traceScores(model, inputs, weights), join(uncalibratedFolder, 'model.onnx'));
  const towers = await openScoringModel(logitsFolder, { threads });
  try {
    const { probabilities, ...rows } = await scoreRows({ ...options, model: towers, parts: ['validation'] });
    const fitted = fitCalibrators(model.graph, { ...rows, logits: probabilities }, kind);
    return { kind, uncalibratedFolder, ...fitted };
  } finally {
    await towers.release();
  }
}

/** Writes `calibration.json`: the calibrators, and what they did to each task on the held-out rows. */
export async function writeCalibration(
  folder: string,
  { kind, calibrators, uncalibrated }: Calibration,
  heldOut: { readonly before: FunnelMetrics; readonly after: FunnelMetrics },
): Promise<void> {
  const [before, after] = [metricsJson(heldOut.before).tasks, metricsJson(heldOut.after).tasks];
  const tasks = Object.fromEntries(
    Object.keys(after).map((task) => [task, { before: compared(before[task]), after: compared(after[task]) }]),
  );
  const content = { formatVersion: 1, kind, towers: calibrators, uncalibrated, heldOut: tasks };
  await writeFile(join(folder, CALIBRATION_FILE), `${JSON.stringify(content, null, 2)}\n`);
}

function compared(metrics: TaskMetricsJson | undefined): Record<string, number | null> {
  return Object.fromEntries(COMPARED.map((name) => [name, metrics?.[name] ?? null]));
}
