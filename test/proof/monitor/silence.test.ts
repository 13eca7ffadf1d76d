/** How often monitoring is wrong: false alarms over many shops in which nothing is wrong, and a fault that all have. */
import { expect, it } from 'vitest';
import { judge } from '../../../lib/monitor/judge.ts';
import { type Shop, simulate, tasks } from '../../monitor/simulate.ts';
import { declaration } from '../../monitor/world.ts';

/** Returns the worst level that each day had in any of these nights, days in order alone left out. */
function levelsOf(shop: Shop, nights: readonly number[]): Map<string, 'watch' | 'act'> {
  const levels = new Map<string, 'watch' | 'act'>();
  for (const { history, now } of simulate(shop, nights))
    for (const { level, day } of judge(history, { declaration, tasks, now }))
      if (level !== 'ok' && levels.get(day) !== 'act') levels.set(day, level);
  return levels;
}

it('of 2,000 days on which nothing is wrong at most 1% are in watch, and none in act', { timeout: 120_000 }, () => {
  const nights = [13, 16, 19];
  const levels = Array.from({ length: 100 }, (_, seed) => [
    ...levelsOf({ seed, rows: 2000, days: 20 }, nights).values(),
  ]).flat();
  expect(levels.filter((level) => level === 'act')).toEqual([]);
  expect(levels.length).toBeLessThanOrEqual(20);
});

it('conversions that halve are told in the same night, whatever the seed', { timeout: 120_000 }, () => {
  for (let seed = 0; seed < 5; seed++) {
    const shop = { seed, rows: 20_000, days: 12, conversions: (day: number) => (day >= 11 ? 0.5 : 1) };
    expect([...levelsOf(shop, [11]).keys()]).toEqual(['2026-11-12']);
  }
});
