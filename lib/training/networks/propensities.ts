/**
 * Propensities: the probability that a row had of reaching a stage, each predicted by a network that was not trained on
 * the row. The training rows are in two folds; one network is trained on each, and predicts the rows of the other.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type RandomStream, randomStream } from '../../numbers/random.ts';
import { DataError } from '../../table/errors.ts';
import type { ReachedRows } from '../rows/reached-rows.ts';
import type { RowCache } from '../rows/row-cache.ts';
import type { Fitting } from './fit-network.ts';
import type { FittedNetwork } from './fitted-network.ts';
import { fitStageNetwork, predictStage, type StageNetwork, stageNetwork } from './stage-network.ts';

/** The rows of the log, and those of them whose propensities are wanted. */
export interface PropensityRows {
  readonly train: RowCache;
  readonly validation: RowCache;
  readonly reached: Readonly<Record<'train' | 'validation', ReachedRows>>;
}

/** Propensities of the rows that reached a stage, in the log's order, by part of the log. */
export type Propensities = Readonly<Record<'train' | 'validation', Float32Array>>;

const FOLDS = [1, 2] as const;
type Fold = (typeof FOLDS)[number];

/** The names of the networks that are trained for the propensities of a stage. */
export function foldNetworks(fitting: Fitting, stage: string): readonly (StageNetwork & { readonly fold: Fold })[] {
  return FOLDS.map((fold) => ({ fold, ...stageNetwork(fitting, stage, `${stage} for fold ${fold}`) }));
}

/** Trains the networks of the folds, unless they are among the finished ones or a checkpoint has them. */
export async function fitFolds(
  fitting: Fitting,
  stage: string,
  rows: PropensityRows,
  finished: readonly FittedNetwork[],
): Promise<readonly FittedNetwork[]> {
  const networks: FittedNetwork[] = [];
  for (const network of foldNetworks(fitting, stage)) {
    const before =
      finished.find(({ name }) => name === network.name) ?? (await fitting.options.checkpoints?.finished(network));
    networks.push(before ?? (await fitFold(fitting, network, rows, [...finished, ...networks])));
  }
  return networks;
}

/** Predicts each training row by the network that was not trained on it, and validation rows by the mean of both. */
export async function predictPropensities(
  fitting: Fitting,
  stage: string,
  { reached }: PropensityRows,
  networks: readonly FittedNetwork[],
): Promise<Propensities> {
  const predict = async (of: 'train' | 'validation') => {
    const byFold = new Map<Fold, Float32Array>();
    for (const [i, network] of foldNetworks(fitting, stage).entries())
      byFold.set(network.fold, await predictStage(fitting, network, networks[i] as FittedNetwork, reached[of].encoded));
    return (fold: Fold, row: number) => byFold.get(fold)?.[row] as number;
  };
  const [train, validation] = [await predict('train'), await predict('validation')];
  const random = foldStream(fitting);
  return {
    train: Float32Array.from(reached.train.places, (place, row) => train(foldOf(random.uniform(place)), row)),
    validation: Float32Array.from(reached.validation.places, (_, row) => {
      return FOLDS.reduce((sum, fold) => sum + validation(fold, row) / FOLDS.length, 0);
    }),
  };
}

/** Trains the network of a fold on the training rows of the other one. */
async function fitFold(
  fitting: Fitting,
  network: StageNetwork & { readonly fold: Fold },
  { train, validation }: PropensityRows,
  finished: readonly FittedNetwork[],
): Promise<FittedNetwork> {
  const { scratch, signal } = fitting.options;
  const path = join(scratch, 'selected-fold.rows');
  try {
    const { rows, rates } = await train.select({
      path,
      rule: ({ uniforms }) => ({
        copies: Uint16Array.from(uniforms, (value) => Number(foldOf(value) !== network.fold)),
      }),
      stages: [network.stage],
      random: foldStream(fitting),
      propensities: null,
      ...(signal && { signal }),
    });
    if (rows.rows === 0) {
      const among = `none of ${train.rows} training rows is outside of fold ${network.fold}`;
      throw new DataError('no_rows', `no rows to predict ${network.stage} from: ${among}, expected more rows`);
    }
    return await fitStageNetwork(fitting, network, { train: rows, validation, rates }, finished);
  } finally {
    await rm(path, { force: true });
  }
}

/** Random numbers of the training rows, by their place among them, on which their folds depend. */
function foldStream({ opened: { log } }: Fitting): RandomStream {
  return randomStream(log.declaration.training.seed, 'folds');
}

function foldOf(uniform: number): Fold {
  return FOLDS[uniform < 0.5 ? 0 : 1];
}
