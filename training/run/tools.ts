import type { RangesQueue } from '../../lib/bundle/fleet/ranges-queue.ts';
import type { CountRun } from '../../lib/scoring/handlers/telemetry.ts';
import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import type { Store } from '../../lib/store/store.ts';

/** What a training run works with. */
export interface RunTools {
  readonly store: Store;
  readonly log: Logger;
  readonly count: CountRun;
  /** The queue through which functions encode its rows. @default none: processes of this machine do */
  readonly ranges?: RangesQueue | null;
  /** Aborts to end the run soon; a checkpoint keeps what it has learnt. */
  readonly signal: AbortSignal;
}
