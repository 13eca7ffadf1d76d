/**
 * Gathers all facts and figures of the report of a model version. `page.ts` lays them out.
 *
 * The champion is the version that was current when the gate decided on the new one.
 */
import { join } from 'node:path';
import type { Declaration } from '../config/declaration.ts';
import { MODEL_FILE } from '../contract/bucket.ts';
import { openScoringModel } from '../engine/ort/scoring-model.ts';
import { type LiftBin, liftByTenth, type RocPoint, rocCurve } from '../evaluation/curves.ts';
import {
  evaluateFunnel,
  type FunnelRows,
  type FunnelTask,
  type FunnelTaskMetrics,
  positivesOf,
  taskTally,
} from '../evaluation/funnel.ts';
import { areaUnderCurve } from '../evaluation/ranking.ts';
import type { Decided, GateDecision } from '../gate/decide.ts';
import { type FeatureDrift, featureDrifts } from '../gate/feature-drift.ts';
import { readDistributions } from '../gate/feature-facts.ts';
import { versionIdFrom } from '../registry/keys.ts';
import { digestFile } from '../registry/version-files.ts';
import type { SegmentCodes } from '../table/check/outcomes.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { EpochRecord } from '../training/fit.ts';
import { funnelTasks, stageRates, taskRates } from '../training/held-out/funnel-tasks.ts';
import type { HeldOut } from '../training/held-out/held-out.ts';
import { matureRows, pickRows } from '../training/held-out/mature-rows.ts';
import type { Probabilities } from '../training/held-out/predict.ts';
import type { OnProgress } from '../training/progress.ts';
import type { TrainedModel } from '../training/train.ts';
import { type FeatureImportance, permutationImportance } from './importance.ts';
import { type Sample, sampleOf } from './sample.ts';

/** Most points of a drawn ROC curve. */
const ROC_POINTS = 120;

/** The new version, the gate's decision on it, and the circumstances of the run. */
export interface ReportOptions {
  /** The declaration that the model was trained by. */
  readonly declaration: Declaration;
  readonly trained: TrainedModel;
  readonly heldOut: HeldOut;
  /** The gate's decision, with the champion; `null` if the gate was not used. */
  readonly decided: Decided | null;
  readonly threads: number;
  /** Time of the version, which is part of its id. */
  readonly at: Date;
  /** `performance.now()` at the beginning of the run. */
  readonly began: number;
  /** Price of the machine in USD per hour; `null` if it is not known. */
  readonly hourlyUsd: number | null;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** The figures of one model on one task. */
export interface ModelFigures {
  readonly metrics: FunnelTaskMetrics;
  readonly roc: readonly RocPoint[];
  readonly lift: readonly LiftBin[];
}

/** The figures of both versions on one task. */
export interface TaskFacts {
  readonly task: FunnelTask;
  /** Figures of the new version. */
  readonly own: ModelFigures;
  /** Figures of the champion on the same rows; `null` if it was not compared with. */
  readonly champion: ModelFigures | null;
  /** Metrics of the new version before its calibration; `null` if none is declared. */
  readonly uncalibrated: FunnelTaskMetrics | null;
  readonly importance: readonly FeatureImportance[];
}

/** The rows with one value of a segment column, and how well the models rank them. */
export interface SegmentRow {
  /** The value; `null` for the rows without a value, `undefined` for the rows with any of the rarer values. */
  readonly value: string | null | undefined;
  readonly rows: number;
  /** The figures by task name. */
  readonly tasks: Readonly<Record<string, SegmentTask>>;
}

/** The AUC of both versions on one task, over the rows of a segment; `null` if it is undefined or not compared. */
export interface SegmentTask {
  readonly positives: number;
  readonly auc: number | null;
  readonly championAuc: number | null;
}

/** All that the report shows. */
export interface ReportFacts {
  readonly model: string;
  readonly version: string;
  readonly at: Date;
  readonly decision: GateDecision | null;
  readonly tasks: readonly TaskFacts[];
  /** Number of held-out rows whose labels are all known; the figures are over these. */
  readonly rows: number;
  /** Number of held-out rows that were left out, because some of their labels are not known yet. */
  readonly youngRows: number;
  readonly epochs: readonly EpochRecord[];
  readonly bestEpoch: number;
  readonly segments: readonly { readonly column: string; readonly rows: readonly SegmentRow[] }[];
  readonly summary: LogSummary;
  /** Share of a feature's held-out values that the encoder does not know, by feature with a vocabulary. */
  readonly unknownShares: Readonly<Record<string, number>>;
  /** How far the training rows differ from the champion's; `null` without a champion, or without its distributions. */
  readonly drift: { readonly version: string; readonly features: readonly FeatureDrift[] } | null;
  /** Number of rows that the importance of the features was measured on. */
  readonly sampleRows: number;
  readonly run: RunFacts;
}

/** Time, machine and starting point of the run. */
export interface RunFacts {
  /** Time from the beginning of the run until the report was made. */
  readonly seconds: number;
  /** Part of `seconds` until the model was trained. */
  readonly trainingSeconds: number;
  /** How often training was interrupted and continued from a checkpoint. */
  readonly resumed: number;
  /** The version whose weights training began with; `null` for none. */
  readonly warmStart: string | null;
  readonly threads: number;
  readonly hourlyUsd: number | null;
}

/** The held-out rows whose labels are all known, with the probabilities of both versions. */
interface ComparedRows {
  readonly rows: FunnelRows;
  /** Probabilities of the champion; `null` if it was not compared with. */
  readonly champion: Probabilities | null;
  /** Probabilities of the new version before its calibration; `null` if none is declared. */
  readonly uncalibrated: Probabilities | null;
  readonly segments: readonly SegmentCodes[];
  readonly sample: Sample;
}

/** Gathers the facts: measures both versions on the held-out rows, and the importance of each feature. */
export async function gatherFacts(options: ReportOptions): Promise<ReportFacts> {
  const { declaration, trained, heldOut, decided, threads, at, began, hourlyUsd } = options;
  // Only a champion that the gate compared with: if stages were added to the funnel, it lacks outputs that tasks need.
  const isCompared = decided?.decision.figures.outputs.some((output) => output.champion !== null) ?? false;
  const champion = isCompared ? (decided?.champion ?? null) : null;
  const mature = matureRows(heldOut.labels);
  const compared = await compareRows(heldOut, mature, champion?.probabilities ?? null, declaration.features.length);
  const tasks = funnelTasks(declaration);
  return {
    model: declaration.name,
    version: versionIdFrom(at, (await digestFile(join(trained.folder, MODEL_FILE))).sha256),
    at,
    decision: decided?.decision ?? null,
    tasks: await taskFacts(options, compared, tasks, champion?.data.trainingRates ?? null),
    rows: mature.length,
    youngRows: heldOut.rows - mature.length,
    epochs: trained.epochs,
    bestEpoch: trained.bestEpoch,
    segments: compared.segments.map(({ column, values, codes }) => ({
      column,
      rows: segmentRows(compared, tasks, { values, codes }),
    })),
    summary: trained.summary,
    unknownShares: heldOut.unknownShares,
    drift: decided?.champion == null ? null : await driftFrom(decided.champion, trained.folder),
    sampleRows: compared.sample.chunk.rows,
    run: {
      seconds: (performance.now() - began) / 1000,
      trainingSeconds: trained.seconds,
      resumed: trained.resumed.length,
      warmStart: trained.warmStart,
      threads,
      hourlyUsd,
    },
  };
}

/** Picks the rows whose labels are all known from everything that is held per row. */
async function compareRows(
  heldOut: HeldOut,
  mature: Uint32Array,
  champion: Probabilities | null,
  features: number,
): Promise<ComparedRows> {
  const picked = (probabilities: Probabilities | null) =>
    probabilities && pickRows({ ...heldOut, probabilities }, mature).probabilities;
  return {
    rows: pickRows(heldOut, mature),
    champion: picked(champion),
    uncalibrated: picked(heldOut.uncalibrated),
    segments: heldOut.segments.map(({ codes, ...segmentation }) => ({
      ...segmentation,
      codes: Int8Array.from(mature, (row) => codes[row] as number),
    })),
    sample: await sampleOf(heldOut, mature, features),
  };
}

/** Measures both versions on every task. */
async function taskFacts(
  { declaration, trained, threads, onProgress, signal }: ReportOptions,
  { rows, champion, uncalibrated, sample }: ComparedRows,
  tasks: readonly FunnelTask[],
  championRates: Readonly<Record<string, number>> | null,
): Promise<TaskFacts[]> {
  const trainingRates = taskRates(tasks, stageRates(trained.summary));
  const measure = (probabilities: FunnelRows['probabilities'], rates: Readonly<Record<string, number>>) =>
    evaluateFunnel({ ...rows, probabilities }, { tasks, trainingRates: rates }).tasks;
  const own = measure(rows.probabilities, trainingRates);
  const before = champion && measure(champion, taskRates(tasks, championRates ?? {}));
  const raw = uncalibrated && measure(uncalibrated, trainingRates);
  const model = await openScoringModel(trained.folder, { threads });
  const importance = await permutationImportance(model, sample, {
    tasks,
    features: declaration.features.map(({ name }) => name),
    seed: declaration.training.seed,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  }).finally(() => model.release());
  return tasks.map((task, index) => ({
    task,
    own: figuresOf(rows, own[index] as FunnelTaskMetrics),
    champion: champion && before && figuresOf({ ...rows, probabilities: champion }, before[index] as FunnelTaskMetrics),
    uncalibrated: raw && (raw[index] as FunnelTaskMetrics),
    importance: importance[task.name] ?? [],
  }));
}

function figuresOf(rows: FunnelRows, metrics: FunnelTaskMetrics): ModelFigures {
  const tally = taskTally(rows, metrics.task);
  return { metrics, roc: rocCurve(tally, ROC_POINTS), lift: liftByTenth(tally) };
}

/** Measures both versions on the rows of each value of a segment column. */
function segmentRows(
  { rows, champion }: ComparedRows,
  tasks: readonly FunnelTask[],
  { values, codes }: { readonly values: readonly (string | null)[]; readonly codes: Int8Array },
): SegmentRow[] {
  const places = [...values.keys(), ...(codes.includes(-1) ? [-1] : [])];
  return places.map((code) => {
    const indices = rowsOf(codes, code);
    const own = pickRows(rows, indices);
    const before = champion && pickRows({ ...rows, probabilities: champion }, indices);
    const measured = tasks.map((task): [string, SegmentTask] => {
      const tally = taskTally(own, task);
      return [
        task.name,
        {
          positives: positivesOf(own.labels, task),
          auc: areaUnderCurve(tally).value,
          championAuc: before && areaUnderCurve(taskTally(before, task)).value,
        },
      ];
    });
    return { value: values[code], rows: indices.length, tasks: Object.fromEntries(measured) };
  });
}

/** Returns the positions of the rows with a code. */
function rowsOf(codes: Int8Array, code: number): Uint32Array {
  const rows = new Uint32Array(codes.length);
  let count = 0;
  for (let row = 0; row < codes.length; row++) if (codes[row] === code) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Compares the distributions of the training rows with those of the champion. */
async function driftFrom(
  { folder, version }: { readonly folder: string; readonly version: string },
  ownFolder: string,
): Promise<ReportFacts['drift']> {
  const [before, now] = [await readDistributions(folder), await readDistributions(ownFolder)];
  return before && now && { version, features: featureDrifts(before, now) };
}
