/** Everything that the report of a version says, as figures: gathered here, drawn elsewhere. */
import { readFile } from 'node:fs/promises';
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
import { versionIdFrom } from '../registry/keys.ts';
import { digestFile } from '../registry/version-files.ts';
import { ifThere } from '../store/errno.ts';
import type { SegmentCodes } from '../table/check/outcomes.ts';
import { DISTRIBUTIONS_FILE, type Distributions } from '../table/fit/distributions.ts';
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

const ROC_POINTS = 120;

export interface ReportOptions {
  /** Of the log that the model was trained on. */
  readonly declaration: Declaration;
  readonly trained: TrainedModel;
  readonly heldOut: HeldOut;
  /** What the gate said; `null` where it was not asked. */
  readonly decided: Decided | null;
  readonly threads: number;
  /** The version's time, which is part of its id. */
  readonly at: Date;
  /** When the run began, by `performance.now()`. */
  readonly began: number;
  /** Price of the machine in USD an hour; `null` where it is not known. */
  readonly hourlyUsd: number | null;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A task's figures of one model. */
export interface ModelFigures {
  readonly metrics: FunnelTaskMetrics;
  readonly roc: readonly RocPoint[];
  readonly lift: readonly LiftBin[];
}

export interface TaskFacts {
  readonly task: FunnelTask;
  readonly own: ModelFigures;
  /** Of the version before, on the same rows; `null` where it cannot be compared with. */
  readonly champion: ModelFigures | null;
  /** Before calibration; `null` where none is declared. */
  readonly uncalibrated: FunnelTaskMetrics | null;
  readonly importance: readonly FeatureImportance[];
}

/** AUC of the rows with one value of a column. */
export interface SegmentRow {
  /** `null`: the rows without a value; undefined for all rows with rarer ones. */
  readonly value: string | null | undefined;
  readonly rows: number;
  /** By task. */
  readonly tasks: Readonly<Record<string, SegmentTask>>;
}

export interface SegmentTask {
  readonly positives: number;
  readonly auc: number | null;
  readonly championAuc: number | null;
}

export interface ReportFacts {
  readonly model: string;
  readonly version: string;
  readonly at: Date;
  readonly decision: GateDecision | null;
  readonly tasks: readonly TaskFacts[];
  readonly rows: number;
  readonly youngRows: number;
  readonly epochs: readonly EpochRecord[];
  readonly bestEpoch: number;
  readonly segments: readonly { readonly column: string; readonly rows: readonly SegmentRow[] }[];
  readonly summary: LogSummary;
  readonly unknownShares: Readonly<Record<string, number>>;
  /** Against the version that was in use; `null` where there is none whose training rows are on record. */
  readonly drift: { readonly version: string; readonly features: readonly FeatureDrift[] } | null;
  readonly sampleRows: number;
  readonly run: RunFacts;
}

export interface RunFacts {
  /** From the beginning of the run until the report was made, and of that until the model was trained. */
  readonly seconds: number;
  readonly trainingSeconds: number;
  readonly resumed: number;
  readonly warmStart: string | null;
  readonly threads: number;
  readonly hourlyUsd: number | null;
}

/** What both versions say of the held-out rows of which every label is known. */
interface ComparedRows {
  readonly rows: FunnelRows;
  /** The probabilities of the version before, and of the new one before its calibration. */
  readonly champion: Probabilities | null;
  readonly uncalibrated: Probabilities | null;
  readonly segments: readonly SegmentCodes[];
  readonly sample: Sample;
}

/** Gathers what there is to say. */
export async function gatherFacts(options: ReportOptions): Promise<ReportFacts> {
  const { declaration, trained, heldOut, decided, threads, at, began, hourlyUsd } = options;
  // Only what the gate has compared with: a funnel that has grown asks for outputs that the version before lacks.
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

function rowsOf(codes: Int8Array, code: number): Uint32Array {
  const rows = new Uint32Array(codes.length);
  let count = 0;
  for (let row = 0; row < codes.length; row++) if (codes[row] === code) rows[count++] = row;
  return rows.subarray(0, count);
}

async function driftFrom(
  { folder, version }: { readonly folder: string; readonly version: string },
  ownFolder: string,
): Promise<ReportFacts['drift']> {
  const read = async (from: string) => {
    const text = await ifThere(readFile(join(from, DISTRIBUTIONS_FILE), 'utf8'));
    return text === null ? null : (JSON.parse(text) as Distributions);
  };
  const [before, now] = [await read(folder), await read(ownFolder)];
  return before && now && { version, features: featureDrifts(before, now) };
}
