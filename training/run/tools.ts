import type { CountRun } from '../../lib/scoring/handlers/telemetry.ts';
import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import type { Store } from '../../lib/store/store.ts';

/** What a training run works with. */
export interface RunTools {
  readonly store: Store;
  readonly log: Logger;
  readonly count: CountRun;
  /** Aborted to end the run soon, with what was learnt kept. */
  readonly signal: AbortSignal;
}
