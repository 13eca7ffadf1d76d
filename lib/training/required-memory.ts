/** What training needs of memory, estimated before the first step from the sizes of the model and of a batch. */

import type { TrainingChoice } from '../config/declaration.ts';
import { assertMemory, type Machine } from '../config/machine.ts';
import { plannedBytes } from '../engine/create-engine.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Field } from '../model/fields.ts';
import type { Model } from '../model/model.ts';
import type { RowCache } from './rows/row-cache.ts';

/** Copies of the weights besides the engine's: those that training begins with, and then the best epoch's so far. */
const COPIES = 1;
/** Values that a step keeps of each hidden unit of a row: before and after the activation, and a gradient. */
const VALUES_OF_UNIT = 3;
/** Values that a step keeps of each column of a row's input: the input, and its gradient. */
const VALUES_OF_COLUMN = 2;

const REMEDIES = {
  tables:
    'lower the dimension of the embeddings or their number (vocabulary.min_count, vocabulary.max_size, hash), or choose optimizer rowwise_adagrad',
  batch: 'lower training.batch_size or model.hidden_units',
} as const;

/** The rows to train on, and the models that were trained before, whose weights are kept. */
interface RowsAndFinished {
  readonly train: Pick<RowCache, 'rows' | 'windowBytes'>;
  readonly finished?: readonly Model[];
}

/** How a model is trained, as far as the memory for it depends on it. */
type Training = Pick<TrainingChoice, 'engine' | 'optimizer' | 'learningRate' | 'dropout'> &
  Pick<EngineOptions, 'batchSize' | 'threads' | 'sharedEntity'>;

/** The bytes that a training takes, and what would need less. */
export interface RequiredMemory {
  readonly bytes: number;
  readonly remedy: string;
}

/**
 * Checks that there is the memory for a training.
 * @throws {NotEnoughMemoryError} naming what would need less.
 */
export function assertTrainable(
  required: RequiredMemory,
  ...limits: [machine?: Machine | undefined, usedBytes?: number | undefined]
): void {
  assertMemory({ work: 'training', ...required }, ...limits);
}

/** Returns the memory that training a model takes. */
export function requiredMemory(
  model: Model,
  { engine, batchSize, optimizer, learningRate, dropout, ...others }: Training,
  { train, finished = [] }: RowsAndFinished,
): RequiredMemory {
  const options = { batchSize, optimizer: { type: optimizer, learningRate }, dropout, ...others };
  const planned = plannedBytes(engine, model, options);
  const tables = planned.weights + COPIES * weightBytes(model) + sum(finished.map(weightBytes));
  const batch = planned.batch + Math.min(batchSize, train.rows) * stepBytes(model);
  const bytes = tables + batch + train.windowBytes(batchSize) + planned.libraries;
  return { bytes, remedy: tables > batch ? REMEDIES.tables : REMEDIES.batch };
}

/** Returns the bytes of a model's weights. */
export function weightBytes({ network, embeddings }: Model): number {
  const parameters = network.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const tables = embeddings.tables.map(({ rows, dimension }) => rows * dimension);
  return 4 * sum([...parameters, ...tables]);
}

/** Bytes that a step needs for each row of its batch. */
function stepBytes({ network, layout }: Model): number {
  // Each layer has one bias, of as many values as it has units.
  const units = sum(network.parameters.map(({ shape }) => (shape.length === 1 ? (shape[0] as number) : 0)));
  return 4 * (VALUES_OF_UNIT * (units + sum(layout.fields.map(itemUnits))) + VALUES_OF_COLUMN * layout.width);
}

/** Units of the layers that pool a sequence, for all of its items. */
function itemUnits({ input, width }: Field): number {
  if (input.kind !== 'sequence') return 0;
  const { kind, units } = input.pooling;
  // The items, their products with the candidate, the gates and the states of an LSTM.
  return input.length * sum(units) + (kind === 'lstm' ? GATES_AND_STATES * width : 0) + 2 * width;
}

/** Values of an LSTM for each unit: four gates, the cell and the state. */
const GATES_AND_STATES = 6;

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
