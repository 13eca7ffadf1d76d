/** What was scored: values that are missing or unknown, and scores that are spread otherwise than they were. */
import { upperNormalQuantile } from '../../numbers/normal-quantile.ts';
import { fixed, percent } from '../../numbers/text.ts';
import { addStatistics, type ScoreStatistics } from '../../table/candidates/score-statistics.ts';
import { shareInterval, Z95 } from '../statistics/intervals.ts';
import { stabilityOf } from '../statistics/stability.ts';
import { type Comparison, type DayContext, weekBefore } from './check.ts';

/** Days before without which the scores of a day are not compared. */
const LEAST_DAYS = 3;

/** Compares the shares of missing and of unknown values of every feature with those at training. */
export function compareValues({ day, monitoring }: DayContext): Comparison[] {
  return Object.entries(day.versions).flatMap(([version, { features }]) =>
    Object.entries(features).flatMap(([name, { rows, missing, values, unknown, usual }]): Comparison[] => {
      const compare = (check: 'missing' | 'unknown', count: number, total: number): Comparison => ({
        check,
        subject: name,
        version,
        day: day.day,
        limits: monitoring[check],
        value: count / total,
        interval: shareInterval(count, total, Z95),
        isProvisional: false,
        distance: (probability) => shareInterval(count, total, upperNormalQuantile(probability)).lower - usual[check],
        sentence: `${percent(count / total)} of the ${check === 'missing' ? 'rows have no value' : 'values are unknown'}, where ${percent(usual[check])} ${check === 'missing' ? 'had none' : 'were'} at training`,
        show: (limit) => `${percent(limit)} above`,
        advice:
          check === 'missing'
            ? 'look at the job that writes this column of the candidates'
            : 'look whether the column of the candidates is written as in the log: type, case, prefix; if there are only many new values, retrain',
      });
      return [
        ...(rows === 0 || usual.missing === 1 ? [] : [compare('missing', missing, rows)]),
        ...(unknown === null || values === 0 ? [] : [compare('unknown', unknown, values)]),
      ];
    }),
  );
}

/** Compares the scores of every output and version with those of the same version in the week before. */
export function compareScores(context: DayContext): Comparison[] {
  const { day, monitoring } = context;
  const week = weekBefore(context);
  return Object.entries(day.versions).flatMap(([version, { outputs }]) => {
    const earlier = week.map(({ versions }) => versions[version]?.outputs ?? null).filter((one) => one !== null);
    if (outputs === null || earlier.length < LEAST_DAYS) return [];
    const reference = earlier.reduce((sum: ScoreStatistics, one) => addStatistics(sum, one), {});
    return Object.entries(outputs).flatMap(([output, { bins, rows, sum }]): Comparison[] => {
      const before = reference[output];
      const stability = before === undefined ? null : stabilityOf(bins, before.bins, 0.05);
      if (before === undefined || stability === null) return [];
      return [
        {
          check: 'scores',
          subject: output,
          version,
          day: day.day,
          limits: monitoring.scores,
          value: stability.index,
          interval: null,
          isProvisional: false,
          distance: (probability) => stability.index - (stabilityOf(bins, before.bins, probability)?.chance ?? 0),
          sentence: `the scores' stability index against the week before is ${fixed(stability.index, 2)} (mean ${percent(sum / rows)}, before ${percent(before.sum / before.rows)})`,
          show: (limit) => fixed(limit, 2),
          advice:
            'other rows are scored than before, or a feature changed: look at the shares of missing and unknown values, then at who sends candidates',
        },
      ];
    });
  });
}
