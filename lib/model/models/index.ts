import type { ModelChoice } from '../../config/declaration.ts';
import type { Network, NetworkShape } from '../network.ts';
import { esmm } from './esmm.ts';

/** A new model is one function here, and its name in the declaration's types. */
const NETWORKS: Record<ModelChoice['type'], (shape: NetworkShape) => Network> = { esmm };

/** The network of that type. */
export function networkOf(type: ModelChoice['type'], shape: NetworkShape): Network {
  return NETWORKS[type](shape);
}
