/** How the items of a sequence become one embedding in a tower's input. */
import * as tf from '@tensorflow/tfjs-core';
import type { SequenceInput } from '../table/encoded.ts';
import type { Layout } from './fields.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';
import { presentItems } from './kinds/sequence.ts';
import { attention, type Items } from './layers/attention.ts';
import { lstm } from './layers/lstm.ts';
import type { ParameterSpec, Tensors } from './network.ts';

/** The layers that pool a sequence. */
export interface Pooler {
  readonly input: SequenceInput;
  readonly parameters: readonly ParameterSpec[];
  /** Returns what attention weighs: the items themselves, or states of the items alone, which no candidate changes. */
  states(items: Items, parameters: Tensors): Items;
  /**
   * Returns the pooled embedding [rows, dimension].
   * @param candidate the embedding of the feature `pooling.to`; `null` where there is none
   */
  pool(states: Items, candidate: tf.Tensor | null, parameters: Tensors): tf.Tensor;
}

/**
 * Returns the layers that pool the sequences of a layout, by input.
 * @param prefix what the names of their parameters begin with
 */
export function poolersOf({ fields }: Layout, prefix: string): ReadonlyMap<string, Pooler> {
  return new Map(
    fields.flatMap(({ input, dimension }) =>
      input.kind === 'sequence' ? [[input.name, poolerOf(input, dimension, prefix)] as const] : [],
    ),
  );
}

/** Returns 1 for each item of encoded rows, 0 for padding, [batch, length], by sequence of a layout. */
export function presentRows(layout: Layout, encoded: EncodedTensors): Tensors {
  return Object.fromEntries(sequencesOf(layout).map((input) => [input.name, presentItems(input, encoded)]));
}

/** Returns the sequences among the inputs of a layout. */
export function sequencesOf({ fields }: Layout): SequenceInput[] {
  return fields.flatMap(({ input }) => (input.kind === 'sequence' ? [input] : []));
}

function poolerOf(input: SequenceInput, dimension: number, prefix: string): Pooler {
  const { name, length, pooling } = input;
  const { kind, to, units, positions: hasPositions } = pooling;
  const shape = { length, dimension };
  const weigh = attention({
    ...shape,
    name: `${prefix}${name}.attention`,
    units,
    hasCandidate: to !== null,
    hasPositions,
  });
  const pool: Pooler['pool'] = (states, candidate, parameters) => weigh.apply(states, candidate, parameters);
  if (kind === 'attention') return { input, parameters: weigh.parameters, states: (items) => items, pool };
  const layer = lstm({ ...shape, name: `${prefix}${name}.lstm` });
  return {
    input,
    parameters: [...layer.parameters, ...weigh.parameters],
    states: (items, parameters) => ({ ...items, values: layer.apply(items, parameters) }),
    pool,
  };
}

/** Returns items of the given rows. */
export function gatherItems({ values, present }: Items, rows: tf.Tensor1D): Items {
  return { values: tf.gather(values, rows), present: tf.gather(present, rows) };
}
