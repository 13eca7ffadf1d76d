/** What must hold of the values that a model computes on a few rows. */
import { EMBEDDED_GRADIENT, gradientName, lossName } from '../engine/step/step-names.ts';
import type { Model } from '../model/model.ts';
import { ModelError } from '../model/own/model-error.ts';
import type { StageGraph } from '../model/stage-graph.ts';
import type { Values } from './probe-rows.ts';

/** The outputs of a graph for all rows, for each row alone, and for the rows in two parts. */
export interface Probed {
  readonly whole: Values;
  readonly alone: readonly Values[];
  readonly parts: readonly Values[];
}

/** A float32 sum in another order differs by less. */
const TOLERANCE = 1e-4;
const OWN_ROWS =
  'expected values of each row alone: no mean, softmax, normalisation or shuffle over the rows of a batch';

/** Losses of parts must add up to those of the whole: threads compute the parts. */
export function assertSums({ whole, parts, alone }: Probed): void {
  for (const [name, [value = Number.NaN]] of Object.entries(whole)) {
    const loss = name.slice(lossName('').length);
    if (!Number.isFinite(value)) throw new ModelError(`loss ${loss} is ${value} on rows of ordinary values`);
    for (const pieces of [parts, alone]) {
      const terms = pieces.map((piece) => piece[name]?.[0] ?? Number.NaN);
      const sum = terms.reduce((a, b) => a + b, 0);
      const size = terms.reduce((a, b) => a + Math.abs(b), Math.abs(value));
      if (Math.abs(sum - value) <= TOLERANCE * size) continue;
      throw new ModelError(
        `loss ${loss} is ${value.toPrecision(4)} for rows together and ${sum.toPrecision(4)} for the same rows apart, ${OWN_ROWS}`,
      );
    }
  }
}

/** A row's values must be the same alone and among others. */
export function assertOwnRows({ whole, alone }: Probed): void {
  for (const [name, values] of Object.entries(whole)) {
    const perRow = values.length / alone.length;
    for (const [i, value] of values.entries()) {
      if (!Number.isFinite(value)) throw new ModelError(`${name} is ${value} for a row of ordinary values`);
      const other = alone[Math.floor(i / perRow)]?.[name]?.[i % perRow] ?? Number.NaN;
      if (Math.abs(value - other) <= TOLERANCE * Math.max(1, Math.abs(value))) continue;
      throw new ModelError(
        `${name} of a row is ${value.toPrecision(4)} among other rows and ${other.toPrecision(4)} alone, ${OWN_ROWS}`,
      );
    }
  }
}

/** Outputs must be probabilities, of which that of both steps is the product of those of each. */
export function assertProbabilities({ outputs }: StageGraph, values: Values): void {
  for (const { name } of outputs) {
    const wrong = values[name]?.find((value) => !(value >= 0 && value <= 1));
    if (wrong !== undefined) throw new ModelError(`output ${name} is ${wrong.toPrecision(4)}, expected a probability`);
  }
  const { pctr, pcvr, pctcvr } = values;
  pctcvr?.forEach((value, row) => {
    const product = (pctr?.[row] ?? Number.NaN) * (pcvr?.[row] ?? Number.NaN);
    if (Math.abs(product - value) > TOLERANCE)
      throw new ModelError(
        `output pctcvr is ${value.toPrecision(4)}, expected pctr * pcvr, which is ${product.toPrecision(4)}`,
      );
  });
}

/** Of several batches, the gradients must be finite, and reach every parameter and every embedded feature. */
export function assertTrainable({ network, embeddings }: Model, batches: readonly Values[]): void {
  for (const [name, values] of batches.flatMap((batch) => Object.entries(batch))) {
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw new ModelError(`${name} is ${wrong} on rows of ordinary values`);
  }
  const isReached = (name: string, isOwn = (_: number) => true) =>
    batches.some((batch) => batch[name]?.some((value, i) => value !== 0 && isOwn(i)));
  const parameters = network.parameters.map(({ name }) => name).filter((name) => !isReached(gradientName(name)));
  if (parameters.length > 0)
    throw new ModelError(`parameters whose gradient is 0, and which would never be trained: ${parameters.join(', ')}`);
  const { width, fields } = embeddings;
  const trained = fields.filter(({ offset, dimension }) =>
    isReached(EMBEDDED_GRADIENT, (i) => i % width >= offset && i % width < offset + dimension),
  );
  const names = (some: typeof fields) => new Set(some.map(({ input }) => input.name));
  const idle = [...names(fields)].filter((name) => !names(trained).has(name));
  if (idle.length > 0) throw new ModelError(`features that no loss depends on: ${idle.join(', ')}`);
}
