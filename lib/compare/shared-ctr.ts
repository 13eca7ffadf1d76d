/** The CTR network that is trained by itself and that all models share, a different one for each seed. */
import { createHash } from 'node:crypto';
import type { Declaration } from '../config/declaration.ts';
import type { Competitor } from './competitor.ts';

/** Returns the network as a competitor, which takes no part in the comparison. */
export function sharedCtr(declaration: Declaration): Competitor {
  const { model, training } = declaration;
  return {
    name: 'shared-ctr',
    isForComparisonOnly: false,
    trials: () => [{}],
    identity: () =>
      createHash('sha256')
        .update(JSON.stringify(['shared CTR', model, training]))
        .digest('hex'),
    run: ({ seed, share }, bench, onProgress) => bench.trainSharedCtr({ declaration, seed, share }, onProgress),
  };
}
