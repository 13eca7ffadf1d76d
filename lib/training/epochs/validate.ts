/** One pass over the validation rows after an epoch: losses, what training stops by, and the figures of each output. */

import type { Output } from '../../config/resolve/outputs.ts';
import type { Batch, TrainingEngine } from '../../engine/engine.ts';
import { taskTally } from '../../evaluation/funnel.ts';
import { areaUnderCurve } from '../../evaluation/ranking.ts';
import { logLoss } from '../../evaluation/reliability.ts';
import type { Tally } from '../../evaluation/tally.ts';
import type { Model } from '../../model/model.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import type { RowCache } from '../rows/row-cache.ts';
import { blockRows } from './early-stopping.ts';
import type { OutputFigures } from './epoch-record.ts';
import { forEachAhead } from './for-each-ahead.ts';
import { addWeighted, dividedBy, totalLoss } from './mean-losses.ts';

/** The losses and outputs of a network on the validation rows. */
export interface Validation {
  readonly loss: number;
  /** The network's losses, by name. */
  readonly losses: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, OutputFigures>>;
  /** What training stops by. */
  readonly criterion: number;
  /** The parts of `criterion` that blocks of neighbouring rows contribute, in the order of the rows. */
  readonly blocks: readonly number[];
}

/** How the validation rows are evaluated. */
export interface ValidateOptions {
  readonly batchSize: number;
  /** What training stops by: see `criterionOf`. */
  readonly stopBy: string;
  /** Called after each batch. */
  readonly afterBatch: () => Promise<void>;
}

/**
 * Returns what a network stops by, given what is declared: `sum`, its losses' weighted sum; one of its losses by name;
 * one of its outputs, by the log loss on the rows that reached the stage it is conditioned on; or a stage that has no
 * loss of its name, by the output that predicts it from the root. A part of a model that has none of these stops by its
 * own sum.
 */
export function criterionOf(
  { losses, model }: Pick<TrainingEngine, 'losses'> & { readonly model: Pick<Model, 'graph'> },
  declared: string,
): string {
  const outputs = measuredOutputs(model.graph);
  if ([...losses, ...outputs].some(({ name }) => name === declared)) return declared;
  return outputs.find(({ stage, given }) => stage === declared && given === null)?.name ?? 'sum';
}

/** Evaluates every row of a cache, which has at least one, once. */
export async function validate(
  engine: TrainingEngine,
  cache: RowCache,
  { batchSize, stopBy, afterBatch }: ValidateOptions,
): Promise<Validation> {
  const sums: Record<string, number> = {};
  const rows = new ScoredCache(engine, cache.rows);
  const output = engine.losses.some(({ name }) => name === stopBy) ? undefined : rows.output(stopBy);
  const blocks: number[] = [];
  await forEachAhead(cache.batches(blockRows(cache.rows, batchSize)), async (batch) => {
    const { losses, probabilities } = await engine.evaluate(batch);
    addWeighted(sums, losses, batch.rows);
    const own = stopBy === 'sum' ? totalLoss(engine, losses) : (losses[stopBy] as number);
    blocks.push(output === undefined ? (own * batch.rows) / cache.rows : outputLoss(output, batch, probabilities));
    rows.add(batch, probabilities);
    await afterBatch();
  });
  const losses = dividedBy(sums, cache.rows);
  const tallies = rows.tallies();
  const weight = output === undefined ? 1 : (tallies.get(output)?.totals.weight as number);
  const contributions = blocks.map((value) => value / weight);
  return {
    loss: totalLoss(engine, losses),
    losses,
    outputs: Object.fromEntries([...tallies].map(([{ name, ...task }, tally]) => [name, figuresOf(task, tally)])),
    criterion: contributions.reduce((a, b) => a + b, 0),
    blocks: contributions,
  };
}

/** An output that labels tell right or wrong. */
export interface MeasuredOutput {
  readonly name: string;
  readonly stage: string;
  /** The stage that the measured rows have reached; `null` for all rows. */
  readonly given: string | null;
}

/** Returns the outputs that labels tell right or wrong. */
export function measuredOutputs({ root, labelled, outputs }: StageGraph): MeasuredOutput[] {
  const isLabelled = (stage: string) => labelled.some(({ name }) => name === stage);
  const isMeasured = ({ from, to }: Output) => isLabelled(to) && (from === root || isLabelled(from));
  return outputs
    .filter(isMeasured)
    .map(({ name, from, to }) => ({ name, stage: to, given: from === root ? null : from }));
}

/** The rows of a cache with their labels, weights and probabilities. */
class ScoredCache {
  readonly #outputs: readonly MeasuredOutput[];
  readonly #probabilities: Readonly<Record<string, Float32Array>>;
  readonly #labels: Readonly<Record<string, Int8Array>>;
  readonly #weight: Float32Array;
  #rows = 0;

  constructor({ model: { graph } }: TrainingEngine, rows: number) {
    this.#outputs = measuredOutputs(graph);
    this.#probabilities = Object.fromEntries(this.#outputs.map(({ name }) => [name, new Float32Array(rows)]));
    this.#labels = Object.fromEntries(graph.labelled.map(({ name }) => [name, new Int8Array(rows)]));
    this.#weight = new Float32Array(rows);
  }

  output(name: string): MeasuredOutput | undefined {
    return this.#outputs.find((output) => output.name === name);
  }

  add(batch: Batch, probabilities: Readonly<Record<string, Float32Array>>): void {
    for (const [name, values] of Object.entries(this.#probabilities))
      values.set(probabilities[name] as Float32Array, this.#rows);
    for (const [stage, values] of Object.entries(this.#labels))
      for (let row = 0; row < batch.rows; row++) {
        const weight = weightOf(batch, stage, row);
        values[this.#rows + row] = weight === 0 ? -1 : (batch.labels[stage]?.[row] as number);
        this.#weight[this.#rows + row] = Math.max(this.#weight[this.#rows + row] as number, weight);
      }
    this.#rows += batch.rows;
  }

  /** Tallies each output on the rows that it is measured on. */
  tallies(): ReadonlyMap<MeasuredOutput, Tally> {
    const rows = { probabilities: this.#probabilities, labels: this.#labels, weight: this.#weight, group: null };
    return new Map(
      this.#outputs.map((output) => {
        const task = { name: output.name, title: output.name, output: output.name, label: output.stage };
        return [output, taskTally(rows, { ...task, given: output.given })] as const;
      }),
    );
  }
}

function figuresOf(output: Omit<MeasuredOutput, 'name'>, tally: Tally): OutputFigures {
  const { positive, negative, weight } = tally.totals;
  const entropy = (part: number) => (part / weight) * Math.log(part / weight);
  return {
    ...output,
    auc: areaUnderCurve(tally).value,
    logLoss: logLoss(tally).value,
    baseLogLoss: positive === 0 || negative === 0 ? null : -entropy(positive) - entropy(negative),
  };
}

/** The sum over a batch of the weighted log losses of an output. */
function outputLoss(
  { name, stage, given }: MeasuredOutput,
  batch: Batch,
  probabilities: Readonly<Record<string, Float32Array>>,
): number {
  const values = probabilities[name] as Float32Array;
  let sum = 0;
  for (let row = 0; row < batch.rows; row++) {
    const weight = weightOf(batch, stage, row);
    if (weight === 0 || (given !== null && batch.labels[given]?.[row] !== 1)) continue;
    const probability = values[row] as number;
    sum -= weight * (batch.labels[stage]?.[row] === 1 ? Math.log(probability) : Math.log1p(-probability));
  }
  return sum;
}

/** The weight of a row in the loss of a stage, 1 on average; 0 if its label is unknown. */
function weightOf({ weights, rows }: Batch, stage: string, row: number): number {
  return (weights[stage]?.[row] as number) * rows;
}
