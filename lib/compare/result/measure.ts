/** Measures models on rows of a log, with the shared CTR network and without. */
import type { Declaration } from '../../config/declaration.ts';
import { evaluateFunnel, type FunnelMetrics, type FunnelTask, taskTally } from '../../evaluation/funnel.ts';
import type { Tally } from '../../evaluation/tally.ts';
import { stageGraph } from '../../model/stage-graph.ts';
import type { Outcomes } from '../../table/check/outcomes.ts';
import { funnelTasks } from '../../training/held-out/funnel-tasks.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { taskRates } from '../../training/held-out/stage-rates.ts';
import type { StageRates } from '../../training/weights/initial-weights.ts';
import { comparedRoles } from '../protocol.ts';
import { SHARED_PRODUCT, sharedTask } from './figures.ts';

/** What became of the rows that are measured. */
export type MeasuredOutcomes = Pick<Outcomes, 'labels' | 'weight' | 'group' | 'day'>;

/** What is measured: the tasks of the funnel, and that of the shared CTR network. */
export interface Measurement {
  readonly tasks: readonly FunnelTask[];
  readonly trainingRates: Readonly<Record<string, number>>;
}

/** Metrics of a model, and the share of rows that are right at a threshold of one half, by task. */
export interface Measured {
  readonly metrics: FunnelMetrics;
  readonly accuracy: Readonly<Record<string, number | null>>;
}

/**
 * Returns what is measured of a declaration's models. The shared CTR network predicts clicks from the root on, so its
 * task is only there where the root is the impression.
 */
export function measurementOf(declaration: Declaration, rates: StageRates): Measurement {
  const roles = comparedRoles(declaration);
  const tasks = funnelTasks(declaration);
  const ctcvr = tasks.filter(({ name }) => name === 'ctcvr' && roles.impression === stageGraph(declaration).root);
  const all = [...tasks, ...ctcvr.map(sharedTask)];
  return { tasks: all, trainingRates: taskRates(all, rates) };
}

/** Returns the scores with the product of the shared network's pCTR and the model's pCVR. */
export function withSharedProduct(scores: Probabilities, sharedPctr: Float32Array): Probabilities {
  const pcvr = scores.pcvr as Float32Array;
  return { ...scores, [SHARED_PRODUCT]: pcvr.map((value, row) => value * (sharedPctr[row] as number)) };
}

/** Measures scores, by the tasks whose output they have: a model without the actions of the funnel lacks theirs. */
export function measure(outcomes: MeasuredOutcomes, probabilities: Probabilities, measurement: Measurement): Measured {
  const rows = { ...outcomes, probabilities };
  const tasks = measurement.tasks.filter(({ output }) => output in probabilities);
  const accuracies = tasks.map((task) => [task.name, accuracy(taskTally(rows, task))] as const);
  return { metrics: evaluateFunnel(rows, { ...measurement, tasks }), accuracy: Object.fromEntries(accuracies) };
}

/** Returns the share of the rows, by weight, that are positive with a probability of one half or more, or else negative. */
export function accuracy({ probability, positive, negative, totals }: Tally): number | null {
  if (totals.weight === 0) return null;
  const right = probability.reduce(
    (sum, value, run) => sum + ((value >= 0.5 ? positive[run] : negative[run]) as number),
    0,
  );
  return right / totals.weight;
}

/** Adds up scores of several seeds. */
export class MeanScores {
  readonly #sums = new Map<string, Float64Array>();
  #count = 0;

  add(scores: Probabilities): void {
    this.#count++;
    for (const [output, values] of Object.entries(scores)) {
      const sums = this.#sums.get(output) ?? new Float64Array(values.length);
      for (let row = 0; row < values.length; row++) sums[row] = (sums[row] as number) + (values[row] as number);
      this.#sums.set(output, sums);
    }
  }

  /** Returns the mean of each output. */
  mean(): Probabilities {
    const means = [...this.#sums].map(([output, sums]) => [
      output,
      Float32Array.from(sums, (sum) => sum / this.#count),
    ]);
    return Object.fromEntries(means);
  }
}
