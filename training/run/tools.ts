import type { CountRun } from '../../lib/scoring/handlers/telemetry.ts';
import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import type { Store } from '../../lib/store/store.ts';

/** The store, the logger, the metrics and the signal of a training run. */
export interface RunTools {
  readonly store: Store;
  readonly log: Logger;
  readonly count: CountRun;
  /** Aborts to end the run soon; a checkpoint keeps what it has learnt. */
  readonly signal: AbortSignal;
}
