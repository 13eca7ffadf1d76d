/** The weights with which training starts. */
import { setImmediate } from 'node:timers/promises';
import type { Weights } from '../../engine/engine.ts';
import { columnsOf } from '../../model/columns.ts';
import { delayTarget } from '../../model/losses/delays.ts';
import type { Model } from '../../model/model.ts';
import type { ParameterSpec } from '../../model/network.ts';
import { nearestOnEveryPath, type StageGraph, type Tower } from '../../model/stage-graph.ts';
import { fillNormal } from '../../numbers/normal.ts';
import { randomStream } from '../../numbers/random.ts';

const EMBEDDING_DEVIATION = 0.01;
const LEAST_SHARE = 1e-6;

/**
 * Share of the training rows that reach each stage from the root, by labelled stage; and the mean delay of its seen
 * events in days, by its `delayTarget`.
 */
export type StageRates = Readonly<Record<string, number>>;

/** How many rows of embedding tables are drawn, and how many there are. */
export interface Drawn {
  readonly done: number;
  readonly total: number;
}

/** Reports how far the drawing of large tables is, and may stop it between two pieces. */
export interface DrawOptions {
  readonly onProgress?: ((drawn: Drawn) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Values that are drawn in some hundredths of a second. */
const PIECE_VALUES = 2 ** 22;

/**
 * Embeddings from N(0, 0.01^2), dense weights by Glorot's or He's uniform distribution, as their layer has it, and the
 * biases of the last layers at the logit of the edge's training rate, so that the first batch predicts the base rates
 * already. Between two pieces of large tables the event loop goes on.
 */
export async function initialWeights(
  model: Model,
  rates: StageRates,
  seed: number,
  { onProgress, signal }: DrawOptions = {},
): Promise<Weights> {
  const drawing = weightsInPieces(model, rates, seed);
  for (;;) {
    const { done, value } = drawing.next();
    if (done) return value;
    onProgress?.(value);
    await setImmediate();
    signal?.throwIfAborted();
  }
}

/** Draws `initialWeights`, which it returns, and yields after each piece of a table but the last one. */
export function* weightsInPieces(
  model: Model,
  rates: StageRates,
  seed: number,
  pieceValues = PIECE_VALUES,
): Generator<Drawn, Weights, void> {
  const parameters = Object.fromEntries(
    model.network.parameters.map((spec) => [spec.name, initialParameter(model, spec, rates, seed)]),
  );
  const specs = model.embeddings.tables;
  const total = specs.reduce((sum, { rows }) => sum + rows, 0);
  const tables: Record<string, Float32Array> = {};
  let drawn = 0;
  for (const { name, rows, dimension, start } of specs) {
    const values = new Float32Array(rows * dimension);
    const random = randomStream(seed, `embedding/${name}`);
    for (let end = 0; start !== 'zero' && end < values.length; ) {
      const begin = end;
      end = Math.min(begin + pieceValues, values.length);
      fillNormal(values, EMBEDDING_DEVIATION, random, { start: begin, end });
      if (end < values.length) yield { done: drawn + Math.floor(end / dimension), total };
    }
    tables[name] = values;
    drawn += rows;
  }
  return { parameters, tables };
}

function initialParameter(
  model: Model,
  { name, shape, start, columns = [] }: ParameterSpec,
  rates: StageRates,
  seed: number,
): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  if (start === 'zero') return new Float32Array(size);
  if (start !== 'glorot' && !('heTimes' in start)) {
    if ('reachRateOf' in start) return Float32Array.of(logOdds(rates[start.reachRateOf] ?? 0.5));
    if ('delayRateOf' in start) return Float32Array.of(-Math.log(meanDelay(start.delayRateOf, rates)));
    return baseLogits(model.graph, start.baseRatesOf, rates);
  }
  const [inputs = 1, outputs = 1] = shape;
  const limit = start === 'glorot' ? Math.sqrt(6 / (inputs + outputs)) : start.heTimes * Math.sqrt(6 / inputs);
  const random = randomStream(seed, `parameter/${name}`);
  const values = Float32Array.from({ length: size }, (_, i) => limit * (2 * random.uniform(i) - 1));
  // A number that is never missing in training must not move a score when it is missing later.
  columnsOf(columns).forEach((column, row) => {
    if (model.layout.missingColumns.includes(column)) values.fill(0, row * outputs, (row + 1) * outputs);
  });
  return values;
}

/** The logits at which a tower gives its stages their training rates; where a rate is unknown, even odds. */
function baseLogits(graph: StageGraph, towerName: string, rates: StageRates): Float32Array {
  const tower = graph.towers.find(({ name }) => name === towerName) as Tower;
  const members = tower.to.filter((stage) => stage !== tower.complement);
  const shares = members.map((stage) => shareOf(graph, stage, rates));
  const exit = 1 - shares.reduce((a, b) => a + b, 0);
  return Float32Array.from(shares, (share) => Math.log(withinLimits(share) / withinLimits(exit)));
}

/** The mean seen delay in days: a second, if all events are seen at once; a day, if none is seen. */
function meanDelay(stage: string, rates: StageRates): number {
  return Math.max(rates[delayTarget(stage)] ?? 1, 1 / 86_400);
}

function logOdds(share: number): number {
  return Math.log(withinLimits(share) / withinLimits(1 - share));
}

/** A stage that is always, or never, reached must still be able to learn otherwise. */
function withinLimits(share: number): number {
  return Math.min(Math.max(share, LEAST_SHARE), 1 - LEAST_SHARE);
}

/** Rate of a stage among the rows that reached the nearest stage on every path to it. */
function shareOf(graph: StageGraph, stage: string, rates: StageRates): number {
  const given = nearestOnEveryPath(graph, stage);
  const [rate, givenRate] = [rates[stage], given === graph.root ? 1 : rates[given]];
  return rate === undefined || givenRate === undefined ? 0.5 : rate / givenRate;
}
