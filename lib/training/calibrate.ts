/** Calibration of a trained model on the validation rows, which no weight was trained on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Weights } from '../engine/engine.ts';
import { EDGE_LOGIT, REACH_LOGIT, traceLogits, traceScores } from '../engine/ort/scoring-graph.ts';
import { type CalibrationWish, type ChosenCalibration, chooseCalibration } from '../evaluation/calibration/choose.ts';
import type { FunnelMetrics } from '../evaluation/funnel.ts';
import { comparedMetrics } from '../evaluation/metrics-json.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import type { ModelCalibration } from '../model/calibrators.ts';
import type { Model } from '../model/model.ts';
import type { Outcomes } from '../table/check/outcomes.ts';
import { INPUTS_FILE, type InputSpec } from '../table/encoded.ts';
import { predictRows } from './held-out/predict.ts';
import type { OnProgress } from './progress.ts';
import type { EncodedRows } from './rows/encoded-rows.ts';

/** What a model was calibrated with. */
export interface Calibration extends ChosenCalibration {
  readonly kind: CalibrationWish['kind'];
  /** Local folder with the `model.onnx` before calibration, to compare with; `null` where nothing is calibrated. */
  readonly uncalibratedFolder: string | null;
}

/** The model to calibrate, and the rows that it is calibrated on. */
export interface CalibrateOptions {
  readonly model: Model;
  readonly inputs: readonly InputSpec[];
  readonly weights: Weights;
  readonly wish: CalibrationWish;
  /** The rows to calibrate on, and what became of them. */
  readonly rows: EncodedRows;
  readonly outcomes: Pick<Outcomes, 'labels' | 'weight' | 'group'>;
  readonly threads: number;
  /** Existing folder for the models on the way. */
  readonly scratch: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

const CALIBRATION_FILE = 'calibration.json';

/** Fits the calibration on the validation rows, after the declaration's wish. */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { model, inputs, weights, wish, rows, outcomes, scratch } = options;
  const folder = async (name: string) => {
    const path = join(scratch, name);
    await mkdir(path);
    await writeFile(join(path, INPUTS_FILE), JSON.stringify(inputs));
    return path;
  };
  const logitsFolder = await folder('logits');
  await writeOnnx(traceLogits(model, inputs, weights), join(logitsFolder, 'model.onnx'));
  const logits = await predictRows(logitsFolder, rows, { ...options, phase: 'evaluate' });
  const named = { edges: withPrefix(logits, EDGE_LOGIT), reach: withPrefix(logits, REACH_LOGIT) };
  const chosen = chooseCalibration(model.graph, { ...outcomes, ...named }, wish);
  if (chosen.of === 'none') return { ...chosen, kind: wish.kind, uncalibratedFolder: null };
  const uncalibratedFolder = await folder('uncalibrated');
  await writeOnnx(traceScores(model, inputs, weights), join(uncalibratedFolder, 'model.onnx'));
  return { ...chosen, kind: wish.kind, uncalibratedFolder };
}

/** Returns what is applied to the model; `null` where it stays as it is. */
export function appliedCalibration(calibration: Calibration | null): ModelCalibration | null {
  if (calibration === null || calibration.of === 'none') return null;
  return { of: calibration.of, calibrators: calibration.calibrators };
}

/** Writes `calibration.json`: the calibrators, why these, and what they did to each task on the held-out rows. */
export async function writeCalibration(
  folder: string,
  { kind, of, why, losses, calibrators, uncalibrated, left }: Calibration,
  heldOut: { readonly before: FunnelMetrics; readonly after: FunnelMetrics },
): Promise<void> {
  const [before, after] = [comparedMetrics(heldOut.before), comparedMetrics(heldOut.after)];
  const tasks = Object.fromEntries(
    Object.keys(after).map((task) => [task, { before: before[task], after: after[task] }]),
  );
  const content = { formatVersion: 1, kind, of, why, losses, calibrators, uncalibrated, left, heldOut: tasks };
  await writeFile(join(folder, CALIBRATION_FILE), `${JSON.stringify(content, null, 2)}\n`);
}

function withPrefix<T>(columns: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const named = Object.entries(columns).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(named.map(([name, values]) => [name.slice(prefix.length), values]));
}
