/**
 * What a run sees of young labels, kept beside what later runs find of the same days: it tells which share of the events
 * has come by which age, where the log has no times of events.
 */
import type { Declaration } from '../../config/declaration.ts';
import type { MeasuredOutput } from '../../table/monitor/sum-queries.ts';
import type { DayRecord, History, VersionDay } from '../history.ts';

/** Days before the last one whose snapshots are kept. */
const KEPT_DAYS = 60;

export interface SnapshotOptions {
  /** Days as they were kept before the run. */
  readonly kept: History['days'];
  /** The last instant of the log that was read; `null` where none was, or it has no time. */
  readonly end: string | null;
  readonly declaration: Pick<Declaration, 'stages'>;
  readonly tasks: readonly MeasuredOutput[];
}

/** Adds what the run sees to what earlier runs saw. A run of the same log replaces its own. */
export function withSnapshots(
  days: readonly DayRecord[],
  { kept, end, declaration, tasks }: SnapshotOptions,
): DayRecord[] {
  const before = new Map(kept.map((day) => [day.day, day]));
  const untimed = declaration.stages.filter(({ at }) => at === null).map(({ name }) => name);
  const outputs = tasks
    .filter(({ label, given }) => given === null && untimed.includes(label))
    .map(({ output }) => output);
  const first = days.at(-Math.min(KEPT_DAYS, days.length))?.day ?? '';
  return days.map(({ versions, ...day }) => ({
    ...day,
    versions: Object.fromEntries(
      Object.entries(versions).map(([version, { snapshots: _, ...own }]) => {
        const old = before.get(day.day)?.versions[version]?.snapshots;
        const all = { ...old, ...(end === null ? {} : seenAt(end, own, outputs)) };
        const isKept = day.day >= first && Object.keys(all).length > 0;
        return [version, { ...own, ...(isKept && { snapshots: all }) }];
      }),
    ),
  }));
}

function seenAt(
  end: string,
  { joined }: Pick<VersionDay, 'joined'>,
  outputs: readonly string[],
): NonNullable<VersionDay['snapshots']> {
  const young = outputs.flatMap((output) => {
    const sums = joined?.young[output];
    if (sums === undefined) return [];
    const from = sums.predicted.findIndex((value) => value > 0);
    const to = sums.predicted.findLastIndex((value) => value > 0) + 1;
    const cut = (values: readonly number[]) => values.slice(from, to);
    return from < 0
      ? []
      : [[output, { from, predicted: cut(sums.predicted), positives: cut(sums.positives) }] as const];
  });
  return young.length === 0 ? {} : { [end]: Object.fromEntries(young) };
}
