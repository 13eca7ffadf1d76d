/** The events that a candidate file has ended, `scores.done` and `scores.failed`, and the lines of the log that go with them. */
import { PREFIXES, parseWorkKey, WORK_RECORDS } from '../../contract/bucket.ts';
import { EVENT_TYPES } from '../../contract/events.ts';
import type { ConditionalPut } from '../../store/conditional-put.ts';
import type { FileEnd, FileFailure, Logger } from '../protocol/ports.ts';
import type { Outcome, ScoresManifest } from '../protocol/records.ts';

/** An event: its name is the message of the line. */
export type FileEvent =
  | { readonly name: typeof EVENT_TYPES.scored; readonly details: ScoresDone }
  | { readonly name: typeof EVENT_TYPES.failed; readonly details: FileFailure };

/** What is reported of a file that has scores. */
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

/**
 * Returns a function that logs each outcome and refusal that is written under a condition, of which each has one
 * successful writer: a file ends once, unless a person reopens it or has it scored again.
 */
export function tellFiles(log: Pick<Logger, 'info'>): (put: Pick<ConditionalPut, 'key' | 'content'>) => void {
  return (put) => {
    const event = eventOfRecord(put);
    if (event !== null) log.info(event.name, { ...event.details });
  };
}

function eventOfRecord({ key, content }: Pick<ConditionalPut, 'key' | 'content'>): FileEvent | null {
  if (typeof content !== 'string') return null;
  if (key.startsWith(PREFIXES.failed)) return failedEvent(JSON.parse(content) as FileFailure);
  if (!key.startsWith(PREFIXES.work) || parseWorkKey(key).name !== WORK_RECORDS.outcome) return null;
  const outcome = JSON.parse(content) as Outcome;
  return outcome.status === 'reopened' ? null : eventOfEnd(outcome);
}

/** The event of the end of a file. */
export function eventOfEnd(end: FileEnd): FileEvent {
  return end.status === 'failed' ? failedEvent(end.failure) : doneEvent(end.manifest);
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
  return { name: EVENT_TYPES.scored, details };
}

function failedEvent({ key, versionId, source, reason, message, details, failedAt }: FileFailure): FileEvent {
  return {
    name: EVENT_TYPES.failed,
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
