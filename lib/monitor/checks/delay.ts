/** Do events take as long as they took? */
import { upperNormalQuantile } from '../../numbers/normal-quantile.ts';
import { percent } from '../../numbers/text.ts';
import { AGE_PARTS } from '../../table/monitor/sums.ts';
import type { Completeness } from '../statistics/completeness.ts';
import { shareInterval, Z95 } from '../statistics/intervals.ts';
import { completenessOfTimes } from './calibration.ts';
import type { Comparison, DayContext } from './check.ts';

/** Events of a day, and how many of them came in the first half of the time so far. */
interface Early {
  readonly events: number;
  readonly early: number;
  /** Of the events, those that come so early by the delays of the days before. */
  readonly expected: number;
}

/**
 * Compares, stage by stage, the share of the events so far that came within half of their row's age, with what the
 * delays of the days before lead to expect. It does not depend on how many events there are, so it tells events that
 * come later from events that no longer come.
 */
export function compareDelays({ day, before, monitoring, tasks }: DayContext): Comparison[] {
  const stages = [...new Set(tasks.filter(({ given }) => given === null).map(({ label }) => label))];
  return stages.flatMap((stage): Comparison[] => {
    const completeness = completenessOfTimes(before, stage);
    const output = tasks.find(({ label, given }) => label === stage && given === null)?.output ?? '';
    if (completeness === null) return [];
    const { events, early, expected } = earlyOf(day, { stage, output }, completeness);
    if (events < 1) return [];
    const [share, usual] = [early / events, expected / events];
    return [
      {
        check: 'delay',
        subject: stage,
        version: null,
        day: day.day,
        limits: monitoring.delay,
        value: share,
        interval: shareInterval(early, events, Z95),
        isProvisional: true,
        distance: (probability) => {
          const { lower, upper } = shareInterval(early, events, upperNormalQuantile(probability));
          return Math.max(usual - upper, lower - usual);
        },
        sentence: `${percent(share)} of the events so far came in the first half of the time, where ${percent(usual)} did before`,
        show: (limit) => `${percent(limit)} off`,
        advice: `events come ${share < usual ? 'later' : 'sooner'} than they did: look at the job that delivers them; counts of young days mislead until the delays are learned anew`,
      },
    ];
  });
}

function earlyOf(
  { versions }: DayContext['day'],
  { stage, output }: { readonly stage: string; readonly output: string },
  completeness: Completeness,
): Early {
  let [events, early, expected] = [0, 0, 0];
  for (const { joined } of Object.values(versions)) {
    const young = joined?.young[output];
    for (const [part, count] of (young?.positives ?? []).entries()) {
      const age = part + 0.5;
      const all = completeness.at(age);
      if (all === 0) continue;
      events += count;
      early += young?.early[part] ?? 0;
      expected += (count * completeness.at(age / 2)) / all;
    }
    for (const [part, count] of (joined?.delays[stage] ?? []).entries()) {
      events += count;
      if (part < AGE_PARTS / 2) early += count;
      expected += count * completeness.at(AGE_PARTS / 2);
    }
  }
  return { events, early, expected };
}
