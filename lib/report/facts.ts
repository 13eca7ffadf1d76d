/**
 * Gathers all facts and figures of the report of a model version. `page.ts` lays them out.
 *
 * The champion is the version that was current when the gate decided on the new one.
 */
import { join } from 'node:path';
import type { Declaration } from '../config/declaration.ts';
import type { EngineName } from '../config/engines.ts';
import { MODEL_FILE } from '../contract/bucket.ts';
import { openScoringModel } from '../engine/ort/scoring-model.ts';
import type { CalibrationFacts } from '../evaluation/calibration/calibration-text.ts';
import type { FunnelMetrics, FunnelRows, FunnelTask, FunnelTaskMetrics } from '../evaluation/funnel.ts';
import { measureSegments, type SegmentMetrics } from '../evaluation/segments.ts';
import type { Decided, GateDecision } from '../gate/decide.ts';
import { type FeatureDrift, featureDrifts } from '../gate/feature-drift.ts';
import { readDistributions } from '../gate/feature-facts.ts';
import type { LastMonitoring } from '../gate/monitoring-verdict.ts';
import { versionIdFrom } from '../registry/keys.ts';
import { unknownShares } from '../table/encode/value-counts.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import { funnelTasks } from '../training/held-out/funnel-tasks.ts';
import type { HeldOut } from '../training/held-out/held-out.ts';
import { type MatureRows, pick, pickRows } from '../training/held-out/mature-rows.ts';
import type { Probabilities } from '../training/held-out/predict.ts';
import type { NetworkEpochs } from '../training/networks/fitted-network.ts';
import type { OnProgress } from '../training/progress.ts';
import type { TrainedModel } from '../training/train.ts';
import { digestFile } from '../workers/file-digest.ts';
import { type FeatureImportance, permutationImportance } from './importance/importance.ts';
import { planImportance } from './importance/plan.ts';
import { type Sample, sampleOf } from './importance/sample.ts';

/** The new version, the gate's decision on it, and the circumstances of the run. */
export interface ReportOptions {
  /** The declaration that the model was trained by. */
  readonly declaration: Declaration;
  readonly trained: TrainedModel;
  readonly heldOut: HeldOut;
  readonly mature: MatureRows;
  /** The gate's decision, with the champion; `null` if the gate was not used. */
  readonly decided: Decided | null;
  /** What monitoring last said of the model; `null` if it never ran. */
  readonly monitoring: LastMonitoring | null;
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

/** The figures of both versions on one task. */
export interface TaskFacts {
  readonly task: FunnelTask;
  /** Metrics of the new version. */
  readonly own: FunnelTaskMetrics;
  /** Metrics of the champion on the same rows; `null` if it was not compared with. */
  readonly champion: FunnelTaskMetrics | null;
  /** Metrics of the new version before its calibration; `null` if nothing was calibrated. */
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

/** The rows of a segment that a task measures, and the champion's AUC on them; `null` if undefined or not compared. */
export interface SegmentTask extends SegmentMetrics {
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
  /** What was calibrated, and why; `null` if no calibration is declared. */
  readonly calibration: CalibrationFacts | null;
  readonly networks: readonly NetworkEpochs[];
  /** Whether the probabilities are meant to be right, and not only their order. */
  readonly isCalibrated: boolean;
  /** `training.patience` of the declaration. */
  readonly patience: number | null;
  /** Share of the held-out rows in which a quotient of probabilities was clipped to 1, by output. */
  readonly clippedShares: Readonly<Record<string, number>>;
  readonly segments: readonly { readonly column: string; readonly rows: readonly SegmentRow[] }[];
  readonly summary: LogSummary;
  /** Share of a feature's held-out values that the encoder does not know, by feature with a vocabulary. */
  readonly unknownShares: Readonly<Record<string, number>>;
  /** How far the training rows differ from the champion's; `null` without a champion, or without its distributions. */
  readonly drift: { readonly version: string; readonly features: readonly FeatureDrift[] } | null;
  readonly monitoring: LastMonitoring | null;
  /** Number of rows that the importance of the features was measured on. */
  readonly sampleRows: number;
  /** Number of all features, of which the importance of some is measured. */
  readonly features: number;
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
  /** What computed the training steps. */
  readonly engine: EngineName;
  readonly threads: number;
  readonly hourlyUsd: number | null;
}

/** Gathers the facts: those that the evaluation and the gate have measured, segments, and importance. */
export async function gatherFacts(options: ReportOptions): Promise<ReportFacts> {
  const { declaration, trained, heldOut, mature, decided, monitoring, threads, at, began, hourlyUsd } = options;
  const tasks = funnelTasks(declaration);
  const sample = await sampleOf(heldOut, mature.indices, planImportance(declaration.features.length).rows);
  const importance = await importanceOf(options, sample, tasks);
  // Only a champion that the gate compared with: if stages were added to the funnel, it lacks outputs that tasks need.
  const champion = decided?.champion?.compared ?? null;
  return {
    model: declaration.name,
    version: versionIdFrom(at, (await digestFile(join(trained.folder, MODEL_FILE))).sha256),
    at,
    decision: decided?.decision ?? null,
    tasks: tasks.map((task, index) => {
      const ofTask = (metrics: FunnelMetrics) => metrics.tasks[index] as FunnelTaskMetrics;
      return {
        task,
        own: ofTask(mature.metrics),
        champion: champion && ofTask(champion.metrics),
        uncalibrated: mature.uncalibrated && ofTask(mature.uncalibrated),
        importance: importance[task.name] ?? [],
      };
    }),
    rows: mature.indices.length,
    youngRows: heldOut.rows - mature.indices.length,
    calibration: trained.calibration,
    networks: trained.networks,
    isCalibrated: trained.isCalibrated,
    patience: declaration.training.patience,
    clippedShares: trained.clippedShares ?? {},
    segments: segmentFacts(heldOut, mature.indices, tasks, champion?.probabilities ?? null),
    summary: trained.summary,
    unknownShares: unknownShares(trained.counts.test),
    drift: decided?.champion == null ? null : await driftFrom(decided.champion, trained.folder),
    monitoring,
    sampleRows: sample.chunk.rows,
    features: declaration.features.length,
    run: {
      seconds: (performance.now() - began) / 1000,
      trainingSeconds: trained.seconds,
      resumed: trained.resumed.length,
      warmStart: trained.warmStart,
      engine: declaration.training.engine,
      threads,
      hourlyUsd,
    },
  };
}

/** Measures the importance of the features with the new version, on a sample of the rows. */
async function importanceOf(
  { declaration, trained, threads, onProgress, signal }: ReportOptions,
  sample: Sample,
  tasks: readonly FunnelTask[],
): Promise<Readonly<Record<string, readonly FeatureImportance[]>>> {
  const model = await openScoringModel(trained.folder, { threads });
  return permutationImportance(model, sample, {
    tasks,
    features: declaration.features.map(({ name }) => name),
    seed: declaration.training.seed,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  }).finally(() => model.release());
}

/** Measures both versions on the mature rows of each value of the segment columns. */
function segmentFacts(
  heldOut: HeldOut,
  mature: Uint32Array,
  tasks: readonly FunnelTask[],
  champion: Probabilities | null,
): ReportFacts['segments'] {
  if (heldOut.segments.length === 0) return [];
  const rows = pickRows(heldOut, mature);
  const columns = heldOut.segments.map(({ codes }) => pick(codes, mature, new Int8Array(mature.length)));
  const counts = heldOut.segments.map(({ values }) => values.length);
  const measure = (of: FunnelRows) => tasks.map((task) => measureSegments(of, task, columns, counts));
  const own = measure(rows);
  const before = champion && measure(pickRows({ ...heldOut, probabilities: champion }, mature));
  return heldOut.segments.map(({ column, values }, place) => ({
    column,
    rows: countSegments(columns[place] as Int8Array, values.length).flatMap((size, code) => {
      if (size === 0 && code === values.length) return [];
      const measured = tasks.map(({ name }, task): [string, SegmentTask] => [
        name,
        {
          ...(own[task]?.[place]?.[code] as SegmentMetrics),
          championAuc: before?.[task]?.[place]?.[code]?.auc ?? null,
        },
      ]);
      return { value: values[code], rows: size, tasks: Object.fromEntries(measured) };
    }),
  }));
}

/** Number of rows of each segment, that of -1 last. */
function countSegments(codes: Int8Array, count: number): number[] {
  const rows = new Array<number>(count + 1).fill(0);
  for (const code of codes) {
    const at = code < 0 ? count : code;
    rows[at] = (rows[at] as number) + 1;
  }
  return rows;
}

/** Compares the distributions of the training rows with those of the champion. */
async function driftFrom(
  { folder, version }: { readonly folder: string; readonly version: string },
  ownFolder: string,
): Promise<ReportFacts['drift']> {
  const [before, now] = [await readDistributions(folder), await readDistributions(ownFolder)];
  return before && now && { version, features: featureDrifts(before, now) };
}
