/** The rows that a network of a model is trained on: all rows, or a copy of those that it chooses. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Model, TrainedModelPart } from '../../model/model.ts';
import type { RowRule } from '../../model/parts/training-rows.ts';
import { randomStream } from '../../numbers/random.ts';
import { DataError } from '../../table/errors.ts';
import type { CachedRows } from '../rows/cache-rows.ts';
import type { RowCache, SelectedCache } from '../rows/row-cache.ts';
import type { RowSelection } from '../rows/select-rows.ts';
import type { StageRates } from '../weights/initial-weights.ts';
import type { Fitting, NetworkRows } from './fit-network.ts';
import type { FittedNetwork } from './fitted-network.ts';
import { fitFolds, predictPropensities } from './propensities.ts';

/** The cached rows, and the share of the training rows that reach each stage from the root of the funnel. */
export interface RowsToFit extends Pick<CachedRows, 'train' | 'validation' | 'reached'> {
  readonly rates: StageRates;
}

/** The rows to choose from, and the networks that were trained before. */
export interface RowsAndNetworks {
  readonly rows: RowsToFit;
  readonly before: readonly FittedNetwork[];
}

/**
 * Hands over the rows that a part of a model is trained on. Those that its network chooses are copied to the scratch disk,
 * and the copy is removed afterwards. Where the choice needs the predictions of other networks, these are trained first,
 * unless they were before, and are handed over as well.
 * @throws {DataError} where the network would have no rows.
 */
export async function withOwnRows<T>(
  fitting: Fitting,
  part: TrainedModelPart,
  { rows, before }: RowsAndNetworks,
  use: (own: NetworkRows, trained: readonly FittedNetwork[]) => Promise<T>,
): Promise<T> {
  const choice = part.model.network.rows;
  if (choice === undefined) return use(rows, []);
  const { propensityOf: stage } = choice;
  const wanted = stage === undefined ? null : { stage, rows: { ...rows, reached: reachedRows(rows, stage) } };
  const folds = wanted === null ? [] : await fitFolds(fitting, wanted.stage, wanted.rows, before);
  const values = wanted && (await predictPropensities(fitting, wanted.stage, wanted.rows, folds));
  const rule = choice.rule(values?.train ?? new Float32Array(0));
  const pathOf = (of: SelectedPart) => join(fitting.options.scratch, `selected-${of}.rows`);
  const selected = (of: SelectedPart) => {
    const propensities = wanted && values && { stage: wanted.stage, values: values[of] };
    return select(fitting, part.model, { of, rule, propensities, from: rows[of], path: pathOf(of) });
  };
  try {
    const [train, validation] = [await selected('train'), await selected('validation')];
    if (train.rows.rows === 0) throw noRows(fitting, part, rows);
    const trained = folds.filter(({ name }) => !before.some((network) => network.name === name));
    return await use({ train: train.rows, validation: validation.rows, rates: train.rates }, trained);
  } finally {
    for (const of of ['train', 'validation'] as const) await rm(pathOf(of), { force: true });
  }
}

function reachedRows({ reached }: RowsToFit, stage: string): RowsToFit['reached'][string] {
  const rows = reached[stage];
  if (rows === undefined) throw new RangeError(`the rows that reached ${stage} were not cached, expected them`);
  return rows;
}

/** The parts of the log whose rows are selected. */
type SelectedPart = 'train' | 'validation';

interface RowsToSelect {
  readonly of: SelectedPart;
  readonly rule: RowRule;
  readonly propensities: RowSelection['propensities'];
  readonly from: RowCache;
  readonly path: string;
}

function select(
  { options: { onProgress, signal }, opened: { log } }: Fitting,
  { graph }: Model,
  { of, rule, propensities, from, path }: RowsToSelect,
): Promise<SelectedCache> {
  return from.select({
    path,
    rule,
    propensities,
    stages: graph.labelled.map(({ name }) => name),
    random: randomStream(log.declaration.training.seed, `selection/${of}`),
    onProgress: (done, total) => of === 'train' && onProgress?.({ phase: 'select', done, total }),
    ...(signal && { signal }),
  });
}

function noRows({ opened: { log } }: Fitting, { name, model }: TrainedModelPart, { train }: RowsToFit): DataError {
  const { root } = model.graph;
  return new DataError(
    'no_rows',
    `no rows to train ${name} on: of ${train.rows} training rows, none is known to have reached ${root} and has a settled label of ${name} (in ${log.source.path})`,
  );
}
