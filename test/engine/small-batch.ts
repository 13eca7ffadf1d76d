/** Batches and weights for the small model. */
import type { Batch, Weights } from '../../lib/engine/engine.ts';
import { bagCoefficients } from '../../lib/model/kinds/bag.ts';
import { quantileId } from '../../lib/model/kinds/quantile.ts';
import { type Model, targetsOf } from '../../lib/model/model.ts';
import { sequencesOf } from '../../lib/model/sequences.ts';
import { isPooling } from '../../lib/onnx/pooling-parameters.ts';
import type { InputSpec } from '../../lib/table/encoded.ts';
import { firstWeights } from './first-weights.ts';
import { INPUTS, smallChunk } from './small-model.ts';

/** Base rate of each stage, for the initial weights. */
export const RATES = { click: 0.3, conversion: 0.05, action: 0.1, buy: 0.04 };

/** A stage is reached in every third, ninth or eighteenth row. */
const EVERY: Readonly<Record<string, number>> = { click: 3, conversion: 18, action: 9, buy: 18 };

/** Returns the rows of `smallChunk` with labels, as a training batch. */
export function smallBatch(model: Model, rows: number, from = 0): Batch {
  const chunk = smallChunk(rows, from);
  const ids = Object.fromEntries(
    Object.entries(chunk.ids).map(([name, values]) => [name, Int32Array.from(values, Number)]),
  );
  const age = INPUTS[2] as InputSpec & { kind: 'quantile' };
  const coefficients = new Float32Array(rows * 4);
  for (let row = 0; row < rows; row++)
    bagCoefficients(
      'mean',
      (chunk.weights.history as Float32Array).subarray(row * 4, row * 4 + 4),
      coefficients.subarray(row * 4, row * 4 + 4),
    );
  const label = (every: number) => Float32Array.from({ length: rows }, (_, i) => Number((from + i) % every === 0));
  return {
    rows,
    ids: { ...ids, age: Int32Array.from(chunk.numbers.age as Float32Array, (value) => quantileId(age, value)) },
    coefficients: { history: coefficients, seen: itemsOf(chunk.weights.seen as Float32Array) },
    numbers: chunk.numbers,
    labels: Object.fromEntries([
      ...model.graph.labelled.map(({ name }) => [name, label(EVERY[name] as number)]),
      ...(model.network.targets ?? []).map((name) => [name, delays(rows, from)]),
    ]),
    weights: Object.fromEntries(targetsOf(model).map(({ name }) => [name, new Float32Array(rows).fill(1 / rows)])),
  };
}

/** Returns the coefficients of sequences of four items: of one without items, that of the missing value. */
function itemsOf(weights: Float32Array): Float32Array {
  return weights.map((weight, at) => (at % 4 === 0 ? 1 : weight));
}

/** Days to the conversion of every 18th row; of the others, for which none was seen, negative. */
function delays(rows: number, from: number): Float32Array {
  return Float32Array.from({ length: rows }, (_, i) => {
    const days = (((from + i) * 7) % 40) / 4;
    return (from + i) % 18 === 0 ? days : -days - 0.1;
  });
}

/** Returns the rows of each table that a batch trains. */
export function trainedRows(model: Model, batch: Batch): Record<string, Set<number>> {
  return Object.fromEntries(
    Object.entries(occurrencesOf(model, batch)).map(([table, counts]) => [table, new Set(counts.keys())]),
  );
}

/** Returns how often each row of each table that a batch trains occurs in it. */
export function occurrencesOf(
  { embeddings }: Model,
  { rows, ids, coefficients, labels }: Batch,
): Record<string, Map<number, number>> {
  const trained = Object.fromEntries(embeddings.tables.map(({ name }) => [name, new Map<number, number>()]));
  for (const { input, table, trainedOn } of embeddings.fields)
    ids[input.name]?.forEach((id, at, { length }) => {
      const row = Math.floor((at * rows) / length);
      const isTrained = trainedOn === null || labels[trainedOn]?.[row] === 1;
      const counts = trained[table] as Map<number, number>;
      if (isTrained && coefficients[input.name]?.[at] !== 0) counts.set(id, 1 + (counts.get(id) ?? 0));
    });
  return trained;
}

/**
 * Returns weights of which none is 0, as after some training. The items of a sequence must differ to be weighed, and the
 * biases of attention be so small that each of its units is 0 for some items: else nothing depends on the bias.
 */
export function someWeights(model: Model): Weights {
  const { parameters, tables: initial } = firstWeights(model, RATES, 1);
  const scale = sequencesOf(model.layout).length > 0 ? 20 : 1;
  const tables = Object.fromEntries(
    Object.entries(initial).map(([name, values]) => [name, values.map((value) => scale * value)]),
  );
  const filled = Object.entries(parameters).map(
    ([name, values]) =>
      [name, values.map((value, i) => value || Math.sin(i + 1) * (isPooling(name) ? 0.03 : 0.3))] as const,
  );
  return { parameters: Object.fromEntries(filled), tables };
}
