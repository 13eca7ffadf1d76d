/** How much of a day went wrong on the way: rejected, scored again, without a score. */
import type { Limits } from '../../config/sections/monitoring.ts';
import { upperNormalQuantile } from '../../numbers/normal-quantile.ts';
import { count, percent } from '../../numbers/text.ts';
import type { DayRecord } from '../history.ts';
import { shareInterval, Z95 } from '../statistics/intervals.ts';
import { type Comparison, type DayContext, weekBefore } from './check.ts';

/** Outcomes of a day that are enough to say that no score fits any of them. */
const ENOUGH_OUTCOMES = 100;

interface Share {
  readonly part: number;
  readonly all: number;
}

interface ShareCheck {
  readonly check: 'unscored' | 'repeated' | 'rejected';
  readonly of: (day: DayRecord) => Share | null;
  readonly what: string;
  readonly advice: string;
}

const SHARE_CHECKS: readonly ShareCheck[] = [
  {
    check: 'unscored',
    of: ({ outcomes }) => (outcomes === null ? null : { part: outcomes.unscored, all: outcomes.rows }),
    what: 'of the outcomes have no score',
    advice: 'look whether all candidates were scored, and whether the keys have the same values in log and candidates',
  },
  {
    check: 'repeated',
    of: ({ versions }) =>
      total(
        Object.values(versions).map(({ counts }) => counts && { part: counts.rows - counts.keys, all: counts.rows }),
      ),
    what: 'of the scored rows repeat the keys of another row of the day',
    advice:
      'a file was scored twice under two names, or rows were sent twice; the last score before an impression counts',
  },
  {
    check: 'rejected',
    of: ({ versions }) =>
      total(Object.values(versions).map(({ rowsIn, rejected }) => ({ part: rejected, all: rowsIn }))),
    what: 'of the candidates were rejected',
    advice: 'the files under rejects/ have each row with its reason',
  },
];

/** Compares the shares of a day with those of the week before. */
export function compareShares(context: DayContext): Comparison[] {
  const { day, monitoring } = context;
  const week = weekBefore(context);
  return SHARE_CHECKS.flatMap(({ check, of, what, advice }): Comparison[] => {
    const own = of(day);
    const usual = total(week.map(of));
    if (own === null || own.all === 0 || usual === null || usual.all === 0) return [];
    const [share, before] = [own.part / own.all, usual.part / usual.all];
    return [
      {
        check,
        subject: '',
        version: null,
        day: day.day,
        limits: monitoring[check],
        value: share,
        interval: shareInterval(own.part, own.all, Z95),
        isProvisional: false,
        distance: (probability) => {
          const z = upperNormalQuantile(probability);
          return shareInterval(own.part, own.all, z).lower - shareInterval(usual.part, usual.all, z).upper;
        },
        sentence: `${percent(share)} ${what}, where ${percent(before)} did in the week before`,
        show: (limit) => `${percent(limit)} above`,
        advice,
      },
    ];
  });
}

/** Compares a day of which no outcome has a score, although there were scores to have: that needs no week before. */
export function compareKeys({ day, before, monitoring }: DayContext): Comparison[] {
  const { outcomes } = day;
  const first = Date.parse(day.day) - monitoring.matchesWithinMs;
  const scoredBefore = [...before, day].some(
    (one) => Date.parse(one.day) >= first && Object.keys(one.versions).length > 0,
  );
  if (outcomes === null || outcomes.rows < ENOUGH_OUTCOMES || !scoredBefore) return [];
  if (outcomes.unscored < outcomes.rows) return [];
  const limits: Limits = monitoring.unscored;
  return [
    {
      check: 'unscored',
      subject: 'keys',
      version: null,
      day: day.day,
      limits,
      value: 1,
      interval: null,
      isProvisional: false,
      distance: () => 1,
      sentence: `none of ${count(outcomes.rows)} outcomes has a score`,
      show: percent,
      advice:
        'look whether the keys (log.keys) have the same values in log and candidates, and whether the scores are older than monitoring.matches_within',
    },
  ];
}

function total(shares: readonly (Share | null)[]): Share | null {
  const known = shares.filter((share) => share !== null);
  if (known.length === 0) return null;
  return known.reduce((sum, { part, all }) => ({ part: sum.part + part, all: sum.all + all }), { part: 0, all: 0 });
}
