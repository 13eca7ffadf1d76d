import type { Weights } from '../../engine/engine.ts';
import type { TrainingHistory } from '../epochs/epoch-record.ts';
import type { Fitted } from '../fit.ts';

/** The epochs of a network. */
export interface NetworkEpochs extends TrainingHistory {
  /** Name of the network where the model has several that are trained apart; `null` for the whole model. */
  readonly name: string | null;
}

/**
 * Returns the epochs of a model for programs to read: a list where it was trained as a whole, else one for each of its
 * networks.
 */
export function epochsJson(
  networks: readonly NetworkEpochs[],
): Omit<NetworkEpochs, 'name'> | { readonly networks: readonly NetworkEpochs[] } {
  const [first] = networks;
  if (first === undefined || first.name !== null) return { networks };
  const { name, ...history } = first;
  return history;
}

/** A network whose training has ended. */
export interface FittedNetwork extends NetworkEpochs, Pick<Fitted, 'weights'> {
  /** Number of rows that got the mean of the others, because no training touched them, by embedding table. */
  readonly filledRows: Readonly<Record<string, number>>;
}

/** Returns the weights of a model from those of its networks, which have no name in common. */
export function joinWeights(networks: readonly Pick<FittedNetwork, 'weights'>[]): Weights {
  return {
    parameters: Object.assign({}, ...networks.map(({ weights }) => weights.parameters)),
    tables: Object.assign({}, ...networks.map(({ weights }) => weights.tables)),
  };
}
