/** The events that a candidate file has ended, as lines of the log: `scores.done` and `scores.failed`. */
import { PREFIXES, parseWorkKey, WORK_RECORDS } from '../../contract/bucket.ts';
import type { ConditionalPut } from '../../store/conditional-put.ts';
import type { Logger } from '../protocol/ports.ts';
import type { Failure, Outcome, ScoresManifest } from '../protocol/records.ts';

/** An event: its name is the message of the line. */
export type FileEvent =
  | { readonly name: 'scores.done'; readonly details: ScoresDone }
  | { readonly name: 'scores.failed'; readonly details: ScoresFailed };

/** What is told of a file that has scores. */
export interface ScoresDone
  extends Pick<ScoresManifest, 'key' | 'versionId' | 'source' | 'rowsIn' | 'scored' | 'rejected' | 'rejectedByReason'> {
  readonly model: string;
  readonly version: string;
  /** Rows that are kept; only where scores are ranked. */
  readonly kept?: number;
  /** Spent on the shards, added up. */
  readonly seconds: number;
  /** What those seconds cost; only on AWS. */
  readonly usd?: number;
  readonly plannedAt: string;
  readonly finishedAt: string;
}

/** What is told of a file that has failed, or of a key that cannot have scores. */
export type ScoresFailed = Pick<Failure, 'key' | 'versionId' | 'reason' | 'message' | 'failedAt'> &
  Partial<Pick<Failure, 'source' | 'details'>>;

/**
 * Returns a function that tells of each outcome and refusal that is written under a condition, of which each has one
 * successful writer: a file ends once, unless a person reopens it or has it scored again.
 */
export function tellFiles(log: Pick<Logger, 'info'>): (put: Pick<ConditionalPut, 'key' | 'content'>) => void {
  return (put) => {
    const event = eventOf(put);
    if (event !== null) log.info(event.name, { ...event.details });
  };
}

function eventOf({ key, content }: Pick<ConditionalPut, 'key' | 'content'>): FileEvent | null {
  if (typeof content !== 'string') return null;
  if (key.startsWith(PREFIXES.failed)) return failedEvent(JSON.parse(content) as ScoresFailed);
  if (!key.startsWith(PREFIXES.work) || parseWorkKey(key).name !== WORK_RECORDS.outcome) return null;
  const outcome = JSON.parse(content) as Outcome;
  if (outcome.status === 'failed') return failedEvent(outcome.failure);
  return outcome.status === 'succeeded' ? doneEvent(outcome.manifest) : null;
}

function doneEvent(manifest: ScoresManifest): FileEvent {
  const { key, versionId, source, model, rowsIn, scored, rejected, rejectedByReason, ranking } = manifest;
  const { seconds, cost, plannedAt, finishedAt } = manifest;
  const details = {
    key,
    versionId,
    source,
    model: model.name,
    version: model.version,
    rowsIn,
    scored,
    rejected,
    rejectedByReason,
    ...(ranking && { kept: ranking.kept }),
    seconds,
    ...(cost && { usd: cost.usd }),
    plannedAt,
    finishedAt,
  };
  return { name: 'scores.done', details };
}

function failedEvent({ key, versionId, source, reason, message, details, failedAt }: ScoresFailed): FileEvent {
  return {
    name: 'scores.failed',
    details: {
      key,
      versionId,
      ...(source !== undefined && { source }),
      reason,
      message,
      ...(details !== undefined && { details }),
      failedAt,
    },
  };
}
