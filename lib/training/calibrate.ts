/** Calibration of a trained model on the validation rows, which no weight was trained on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Weights } from '../engine/engine.ts';
import { traceLogits, traceScores } from '../engine/ort/scoring-graph.ts';
import { type FittedCalibrators, fitCalibrators } from '../evaluation/calibration/fit-calibrators.ts';
import type { FunnelMetrics } from '../evaluation/funnel.ts';
import { metricsJson, type TaskMetricsJson } from '../evaluation/metrics-json.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import type { Calibrator } from '../model/calibrators.ts';
import type { Model } from '../model/model.ts';
import type { Outcomes } from '../table/check/outcomes.ts';
import { INPUTS_FILE, type InputSpec } from '../table/encoded.ts';
import { predictRows } from './held-out/predict.ts';
import type { OnProgress } from './progress.ts';
import type { EncodedRows } from './rows/encoded-rows.ts';

/** What a model was calibrated with. */
export interface Calibration extends FittedCalibrators {
  readonly kind: Calibrator['kind'];
  /** Local folder with the `model.onnx` before calibration, to compare with. */
  readonly uncalibratedFolder: string;
}

/** The model to calibrate, and the rows that it is calibrated on. */
export interface CalibrateOptions {
  readonly model: Model;
  readonly inputs: readonly InputSpec[];
  readonly weights: Weights;
  readonly kind: Calibrator['kind'];
  /** The rows to calibrate on, and what became of them. */
  readonly rows: EncodedRows;
  readonly outcomes: Pick<Outcomes, 'labels' | 'weight'>;
  readonly threads: number;
  /** Existing folder for the models on the way. */
  readonly scratch: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

const CALIBRATION_FILE = 'calibration.json';
const COMPARED = ['pcoc', 'log_loss', 'calibration_error'] as const;

/** Fits a calibrator to each tower on the validation rows. */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { model, inputs, weights, kind, rows, outcomes, scratch } = options;
  const [logitsFolder, uncalibratedFolder] = [join(scratch, 'logits'), join(scratch, 'uncalibrated')];
  for (const folder of [logitsFolder, uncalibratedFolder]) {
    await mkdir(folder);
    await writeFile(join(folder, INPUTS_FILE), JSON.stringify(inputs));
  }
  await writeOnnx(traceLogits(model, inputs, weights), join(logitsFolder, 'model.onnx'));
  await writeOnnx(traceScores(model, inputs, weights), join(uncalibratedFolder, 'model.onnx'));
  const logits = await predictRows(logitsFolder, rows, { ...options, phase: 'evaluate' });
  return { kind, uncalibratedFolder, ...fitCalibrators(model.graph, { ...outcomes, logits }, kind) };
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
