/** How the candidate files of a bucket stand, for people. */
import { count, countOf, duration, listed, minute } from '../../lib/numbers/text.ts';
import type { ScoringStatus } from '../../lib/scoring/status/scoring-status.ts';
import { LEFT_OUT_REASONS, type LeftOutReason } from '../../lib/table/source/left-out.ts';
import type { DeadLetters } from '../stack/dead-letters.ts';

/** Files of which a line tells, of those that are open and of those that failed. */
const SHOWN = 10;

/** Returns a line for each state, and for the files that need a look. */
export function formatStatus(status: ScoringStatus, deadLetters: DeadLetters | null): string {
  const { bucket, prefix, day, at, files, open, failed } = status;
  const all = Object.values(files).reduce((sum, some) => sum + some, 0);
  const came = day === null ? '' : ` that came on ${day}`;
  const lines: [label: string, files: number, detail: string][] = [
    ['waiting', files.waiting, waitingText(status)],
    ['planned', files.planned, 'no shard scored yet'],
    ['in flight', files['in flight'], ''],
    ['done', files.done, ''],
    ['failed', files.failed, reasonsText(failed)],
    ['expired', files.expired, 'their scores and their records are not kept any more'],
  ];
  const width = Math.max(...lines.map(([, some]) => count(some).length));
  return [
    `${bucket}/${prefix}: ${countOf(all, 'candidate file')}${came}, as of ${minute(new Date(at))}`,
    ...lines
      .filter(([label, some]) => some > 0 || label !== 'expired')
      .map(([label, some, detail]) => {
        const line = `${label.padEnd(9)}  ${count(some).padStart(width)}`;
        return some === 0 || detail === '' ? line : `${line}  ${detail}`;
      }),
    ...(open.all === 0 ? [] : [progressText(open)]),
    ...shown(open.files, open.all, ({ key, shards, shardsDone, plannedAt, version }) => {
      return `  ${key}: ${count(shardsDone)} of ${countOf(shards, 'shard')} scored, planned ${minute(new Date(plannedAt))}, by ${version}`;
    }),
    ...shown(failed.files, failed.all, ({ reason, message }) => `  failed, ${reason}: ${message}`),
    ...leftOutText(status.leftOut),
    ...(deadLetters === null ? [] : [deadLettersText(deadLetters)]),
    `(${countOf(status.objectsListed, 'object')} listed)`,
  ].join('\n');
}

function waitingText({ waitingSince }: ScoringStatus): string {
  return `not planned yet${waitingSince === null ? '' : `, the first since ${minute(new Date(waitingSince))}`}`;
}

function reasonsText({ byReason, files, all }: ScoringStatus['failed']): string {
  const reasons = Object.entries(byReason).map(([reason, some]) => `${reason} ${count(some)}`);
  return `${listed(reasons)}${files.length < all ? ` (of the latest ${count(files.length)})` : ''}`;
}

function progressText({ files, all, shards, shardsDone, shardsPerMinute, secondsLeft }: ScoringStatus['open']): string {
  const rate =
    shardsPerMinute === null
      ? ', no rate: fewer than two in the last 15 min'
      : `, ${Number(shardsPerMinute.toPrecision(2))} shards/min`;
  const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;
  const part = files.length < all ? ` (plans of ${count(files.length)} of ${countOf(all, 'file')} read)` : '';
  return `shards: ${count(shardsDone)} of ${count(shards)} scored${rate}${left}${part}`;
}

function shown<T>(items: readonly T[], all: number, line: (item: T) => string): string[] {
  const lines = items.slice(0, SHOWN).map(line);
  return all > lines.length && lines.length > 0 ? [...lines, `  and ${count(all - lines.length)} more`] : lines;
}

function leftOutText(leftOut: ScoringStatus['leftOut']): string[] {
  return Object.entries(leftOut).map(
    ([reason, files]) => `left out: ${countOf(files, 'file')} (${LEFT_OUT_REASONS[reason as LeftOutReason]})`,
  );
}

function deadLettersText(deadLetters: DeadLetters): string {
  if ('problem' in deadLetters) return `dead letters: not looked at (${deadLetters.problem})`;
  const { arrivals, shards } = deadLetters;
  return arrivals + shards === 0
    ? 'dead letters: none'
    : `dead letters: ${countOf(arrivals, 'arrival')}, ${countOf(shards, 'shard')} (mend the cause, then entirespace redrive)`;
}
