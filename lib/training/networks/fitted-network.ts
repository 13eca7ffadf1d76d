import type { Weights } from '../../engine/engine.ts';
import type { EpochRecord, Fitted } from '../fit.ts';

/** The losses of every epoch of a network, and the epoch whose weights it has. */
export interface NetworkEpochs {
  /** Name of the network where the model has several that are trained apart; `null` for the whole model. */
  readonly name: string | null;
  readonly epochs: readonly EpochRecord[];
  /** The epoch, from 1, whose weights the network has. */
  readonly bestEpoch: number;
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
  return { epochs: first.epochs, bestEpoch: first.bestEpoch };
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
