/** Trains the networks of a model one after the other, each on rows of its own. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Model, TrainedModelPart } from '../../model/model.ts';
import type { RowRule } from '../../model/parts/training-rows.ts';
import { randomStream } from '../../numbers/random.ts';
import { DataError } from '../../table/errors.ts';
import type { CachedRows } from '../rows/cache-rows.ts';
import type { RowCache, SelectedCache } from '../rows/row-cache.ts';
import type { StageRates } from '../weights/initial-weights.ts';
import { type Fitting, fitNetwork, type NetworkRows } from './fit-network.ts';
import type { FittedNetwork } from './fitted-network.ts';

/** The cached rows, and the share of the training rows that reach each stage from the root of the funnel. */
export interface RowsToFit extends Pick<CachedRows, 'train' | 'validation'> {
  readonly rates: StageRates;
}

/** Trains the parts of a model in their order. Those that a checkpoint has are not trained again. */
export async function fitParts(
  fitting: Fitting,
  parts: readonly TrainedModelPart[],
  rows: RowsToFit,
): Promise<readonly FittedNetwork[]> {
  const finished: FittedNetwork[] = [];
  for (const part of parts) {
    const before = await fitting.options.checkpoints?.finished(part);
    finished.push(before ?? (await fitPart(fitting, part, rows, finished)));
  }
  return finished;
}

async function fitPart(
  fitting: Fitting,
  part: TrainedModelPart,
  rows: RowsToFit,
  finished: readonly FittedNetwork[],
): Promise<FittedNetwork> {
  const rule = part.model.network.rows;
  if (rule === undefined) return fitNetwork(fitting, part, rows, finished);
  const pathOf = (of: SelectedPart) => join(fitting.options.scratch, `selected-${of}.rows`);
  const selected = (of: SelectedPart) => select(fitting, part.model, { of, rule, from: rows[of], path: pathOf(of) });
  try {
    const [train, validation] = [await selected('train'), await selected('validation')];
    if (train.rows.rows === 0) throw noRows(fitting, part, rows);
    const chosen: NetworkRows = { train: train.rows, validation: validation.rows, rates: train.rates };
    return await fitNetwork(fitting, part, chosen, finished);
  } finally {
    for (const of of ['train', 'validation'] as const) await rm(pathOf(of), { force: true });
  }
}

/** The parts of the log whose rows are selected. */
type SelectedPart = 'train' | 'validation';

interface RowsToSelect {
  readonly of: SelectedPart;
  readonly rule: RowRule;
  readonly from: RowCache;
  readonly path: string;
}

function select(
  { options: { onProgress, signal }, opened: { log } }: Fitting,
  { graph }: Model,
  { of, rule, from, path }: RowsToSelect,
): Promise<SelectedCache> {
  return from.select({
    path,
    rule,
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
