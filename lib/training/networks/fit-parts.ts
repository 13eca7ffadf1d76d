/** Trains the networks of a model one after the other, each on rows of its own. */
import type { TrainedModelPart } from '../../model/model.ts';
import { type Fitting, fitNetwork } from './fit-network.ts';
import type { FittedNetwork } from './fitted-network.ts';
import { type RowsAndNetworks, type RowsToFit, withOwnRows } from './own-rows.ts';

/**
 * Trains the parts of a model in their order, and before a part the networks that its choice of rows needs. Networks
 * that a checkpoint has are not trained again.
 */
export async function fitParts(
  fitting: Fitting,
  parts: readonly TrainedModelPart[],
  rows: RowsToFit,
): Promise<readonly FittedNetwork[]> {
  const trained: FittedNetwork[] = [];
  let folds: readonly FittedNetwork[] = [];
  for (const part of parts) {
    const before = await fitting.options.checkpoints?.finished(part);
    if (before) trained.push(before);
    else {
      const [network, ...others] = await fitPart(fitting, part, { rows, before: [...trained, ...folds] });
      trained.push(network);
      folds = [...folds, ...others];
    }
  }
  return trained;
}

function fitPart(
  fitting: Fitting,
  part: TrainedModelPart,
  given: RowsAndNetworks,
): Promise<[part: FittedNetwork, ...folds: FittedNetwork[]]> {
  return withOwnRows(fitting, part, given, async (own, folds) => [
    await fitNetwork(fitting, part, own, [...given.before, ...folds]),
    ...folds,
  ]);
}
