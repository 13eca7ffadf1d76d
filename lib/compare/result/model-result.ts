/** What the runs of one model say: its figures by seed, their means, and its averaged scores. */
import { metricsJson } from '../../evaluation/metrics-json.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import type { RunFacts } from '../runs/run.ts';
import type { ComparedModel } from './comparison-file.ts';
import { FIGURE_NAMES, type Figure, figuresOf, TASK_OF } from './figures.ts';
import { type AveragedModel, deviation, mean } from './intervals.ts';
import { MeanScores, type Measured, type MeasuredOutcomes, type Measurement, measure } from './measure.ts';

/** Scores of the test rows with one seed. */
export interface SeedScores {
  readonly seed: number;
  readonly probabilities: Probabilities;
  readonly facts: RunFacts;
}

/** Figures by key; `null` where the rows do not define one. */
export type FigureValues = Record<Figure, number | null>;

export interface ModelResult
  extends Pick<ComparedModel, 'calibrated' | 'onChosenRows' | 'seeds' | 'mean' | 'deviation' | 'averaged'> {
  /** `null` for a model without a seed. */
  readonly averagedModel: AveragedModel | null;
}

/** Measures a model by its seeds, which are read one after the other. */
export async function resultOfModel(
  scores: AsyncIterable<SeedScores>,
  outcomes: MeasuredOutcomes,
  measurement: Measurement,
): Promise<ModelResult> {
  const all = new MeanScores();
  const seeds: ComparedModel['seeds'] = [];
  let facts: RunFacts | null = null;
  for await (const { seed, probabilities, facts: own } of scores) {
    all.add(probabilities);
    const measured = measure(outcomes, probabilities, measurement);
    seeds.push({ seed, figures: valuesOf(measured), tasks: tasksOf(measured) });
    facts = own;
  }
  const averagedModel = seeds.length === 0 ? null : averageOf(all.mean(), outcomes, measurement);
  return {
    calibrated: facts?.isCalibrated ?? true,
    onChosenRows: facts?.isOnChosenRows ?? false,
    seeds,
    ...meansOf(seeds.map(({ figures }) => figures)),
    averaged: averagedModel && metricsJson(averagedModel.metrics),
    averagedModel,
  };
}

/** Returns mean and standard deviation of each figure over the seeds that have it. */
export function meansOf(seeds: readonly Readonly<Partial<FigureValues>>[]): {
  readonly mean: FigureValues;
  readonly deviation: FigureValues;
} {
  const of = (figure: Figure) => seeds.flatMap((values) => values[figure] ?? []);
  const each = (least: number, compute: (values: readonly number[]) => number) =>
    byFigure((figure) => (of(figure).length < least ? null : compute(of(figure))));
  return { mean: each(1, mean), deviation: each(2, deviation) };
}

/** Returns the mean of a metric of a task over the seeds that define it. */
export function meanOf(
  { seeds }: Pick<ComparedModel, 'seeds'>,
  task: string,
  value: (own: ComparedModel['seeds'][number]['tasks'][string]) => number | null,
): number | null {
  const values = seeds.flatMap(({ tasks }) => {
    const own = tasks[task];
    return own === undefined ? [] : (value(own) ?? []);
  });
  return values.length === 0 ? null : mean(values);
}

/** The tasks that the ranking figures are of. */
const RANKED_TASKS = new Set<string>(Object.values(TASK_OF));

/** Returns the other tasks that any of the models has: those of other stages than click and conversion. */
export function otherTasks(models: readonly Pick<ComparedModel, 'seeds'>[]): readonly string[] {
  const names = models.flatMap(({ seeds }) => Object.keys(seeds[0]?.tasks ?? {}));
  return [...new Set(names)].filter((name) => !RANKED_TASKS.has(name));
}

/** Returns the figures of measured scores. */
export function valuesOf({ metrics }: Pick<Measured, 'metrics'>): FigureValues {
  const figures = figuresOf(metrics);
  return byFigure((figure) => figures[figure].value);
}

function byFigure(of: (figure: Figure) => number | null): FigureValues {
  return Object.fromEntries(FIGURE_NAMES.map((figure) => [figure, of(figure)])) as FigureValues;
}

function averageOf(probabilities: Probabilities, outcomes: MeasuredOutcomes, measurement: Measurement): AveragedModel {
  return { probabilities, metrics: measure(outcomes, probabilities, measurement).metrics };
}

function tasksOf({ metrics, accuracy }: Measured): ComparedModel['seeds'][number]['tasks'] {
  const { tasks } = metricsJson(metrics);
  return Object.fromEntries(
    Object.entries(tasks).map(([name, { auc, gauc, log_loss, normalized_entropy, pcoc, calibration_error, top_k }]) => [
      name,
      {
        auc,
        gauc,
        accuracy: accuracy[name] ?? null,
        log_loss,
        normalized_entropy,
        pcoc,
        calibration_error,
        top_k: [...top_k],
      },
    ]),
  );
}
