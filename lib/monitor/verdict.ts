/** The verdict of a page: the worst of what still holds, with one reason. */
import { countOf } from '../numbers/text.ts';
import type { Judged, Level } from './judge.ts';

/** Days of the same comparison after which one no longer counts, however bad it was. */
const LASTS_DAYS = 7;
/** Later days in a row without a finding after which one is over. */
const OVER_AFTER = 2;

const RANK: Readonly<Record<Level, number>> = { ok: 0, watch: 1, act: 2 };

export interface Verdict {
  readonly level: Level;
  /** One sentence. */
  readonly reason: string;
  /** What still holds, the worst first. */
  readonly findings: readonly Judged[];
}

/** Returns the verdict on judged comparisons. */
export function verdictOf(all: readonly Judged[]): Verdict {
  const findings = standing(all).sort(
    (a, b) =>
      RANK[b.level] - RANK[a.level] || Number(a.isProvisional) - Number(b.isProvisional) || compare(a.day, b.day),
  );
  const [worst] = findings;
  if (worst !== undefined) return { level: worst.level, reason: worst.text, findings };
  // How long nothing was scored belongs to no day of scores.
  const days = new Set(all.filter(({ check }) => check !== 'stale').map(({ day }) => day)).size;
  const reason =
    all.length === 0
      ? 'no scores to compare yet'
      : `no limit crossed in ${countOf(all.length, 'comparison')} of ${countOf(days, 'day')}`;
  return { level: 'ok', reason, findings };
}

/** Returns, of every comparison, the latest finding that is not over. */
function standing(all: readonly Judged[]): Judged[] {
  return groupsOf(all, ({ check, subject }) => `${check} ${subject}`).flatMap((group) => {
    const days = groupsOf(group, ({ day }) => day).map((ofDay) =>
      ofDay.reduce((worst, one) => (RANK[one.level] > RANK[worst.level] ? one : worst)),
    );
    const recent = days.slice(-LASTS_DAYS);
    const last = recent.findLastIndex(({ level }) => level !== 'ok');
    if (last < 0 || recent.length - 1 - last >= OVER_AFTER) return [];
    return [recent[last] as Judged];
  });
}

/** Returns what has the same key together, in the order of the first of each. */
function groupsOf(all: readonly Judged[], keyOf: (one: Judged) => string): Judged[][] {
  const groups = new Map<string, Judged[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
