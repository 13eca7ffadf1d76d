/** What training needs of memory, estimated before the first step from the sizes of the model and of a batch. */

import type { TrainingChoice } from '../config/declaration.ts';
import { assertMemory, type Machine } from '../config/machine.ts';
import { plannedBytes } from '../engine/create-engine.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { EXTERNAL_BYTES } from '../graph/onnx-file.ts';
import type { Field } from '../model/fields.ts';
import type { Model } from '../model/model.ts';
import type { RowCache } from './rows/row-cache.ts';

/** Copies of the weights besides the engine's: those that training begins with, and then the best epoch's so far. */
const COPIES = 1;
/** Copies of a version's weights that training begins with: those that are read, and the message that they are in. */
const WARM_COPIES = { external: 1, inside: 2 } as const;
/**
 * Share of the tables that the kernel's own pages and what garbage collection has not freed yet take besides. Measured: 30
 * million rows of 18 dimensions with row-wise Adagrad are trained, exported and evaluated under a limit of just what is
 * required, and are not without this.
 */
const OVERHEAD = 0.04;
/** Values that a step keeps of each hidden unit of a row: before and after the activation, and a gradient. */
const VALUES_OF_UNIT = 3;
/** Values that a step keeps of each column of a row's input: the input, and its gradient. */
const VALUES_OF_COLUMN = 2;

const REMEDIES = {
  tables:
    'lower the dimension of the embeddings or their number (vocabulary.min_count, vocabulary.max_size, hash), or choose optimizer rowwise_adagrad',
  batch: 'lower training.batch_size or model.hidden_units',
} as const;

/** What a training takes memory for besides its steps. */
interface BesideSteps {
  /** The rows to train on. */
  readonly train: Pick<RowCache, 'rows' | 'windowBytes'>;
  /** The models that were trained before, whose weights are kept. @default none */
  readonly finished?: readonly Model[];
  /** Whether training begins with the weights of a version. @default false */
  readonly isWarm?: boolean;
  /** Bytes that scoring the held-out rows takes (see `scoringBytes`). @default 0, for none are scored */
  readonly scoring?: number;
}

/** How a model is trained, as far as the memory for it depends on it. */
type Training = Pick<TrainingChoice, 'engine' | 'optimizer' | 'learningRate' | 'dropout'> &
  Pick<EngineOptions, 'batchSize' | 'threads' | 'sharedEntity'>;

/** The bytes that work takes, and what would need less. */
export interface RequiredMemory {
  readonly work: string;
  readonly bytes: number;
  readonly remedy: string;
}

/**
 * Checks that there is the memory for a training, or for what follows one.
 * @throws {NotEnoughMemoryError} naming what would need less.
 */
export function assertTrainable(
  required: RequiredMemory,
  ...limits: [machine?: Machine | undefined, usedBytes?: number | undefined]
): void {
  assertMemory(required, ...limits);
}

/** Returns the memory that training a model takes, with the export and evaluation that follow. */
export function requiredMemory(
  model: Model,
  { engine, batchSize, optimizer, learningRate, dropout, ...others }: Training,
  { train, finished = [], isWarm = false, scoring = 0 }: BesideSteps,
): RequiredMemory {
  const options = { batchSize, optimizer: { type: optimizer, learningRate }, dropout, ...others };
  const planned = plannedBytes(engine, model, options);
  const own = weightBytes(model);
  const warmCopies = isWarm ? WARM_COPIES[own > EXTERNAL_BYTES ? 'external' : 'inside'] : 0;
  const weights = planned.weights + (COPIES + warmCopies) * own + sum(finished.map(weightBytes));
  const tables = (1 + OVERHEAD) * weights + flagBytes(model);
  const steps = Math.min(batchSize, train.rows) * stepBytes(model) + train.windowBytes(batchSize) + planned.libraries;
  // The engine's memory may not be free again when the held-out rows are scored: nothing but garbage collection frees it.
  const bytes = tables + planned.batch + Math.max(steps, scoring);
  const remedy = tables > planned.batch + steps ? REMEDIES.tables : REMEDIES.batch;
  return { work: 'training', bytes, remedy };
}

/** Returns the memory that the weights of a model take that was trained elsewhere, with their export and evaluation. */
export function memoryOfWeights(model: Model, scoring: number): RequiredMemory {
  const bytes = (1 + OVERHEAD) * weightBytes(model) + flagBytes(model) + scoring;
  return { work: 'evaluating trained weights', bytes, remedy: REMEDIES.tables };
}

/** Returns the bytes of a model's weights. */
export function weightBytes({ network, embeddings }: Model): number {
  const parameters = network.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const tables = embeddings.tables.map(({ rows, dimension }) => rows * dimension);
  return 4 * sum([...parameters, ...tables]);
}

/** Bytes of a mark for each row of a table: whether it was trained. */
function flagBytes({ embeddings }: Model): number {
  return sum(embeddings.tables.map(({ rows }) => rows));
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
