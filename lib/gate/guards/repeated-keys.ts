/** The guard against a log that was delivered twice. */
import { percent } from '../../numbers/text.ts';
import type { Guard } from './guard.ts';

/**
 * Returns the guard of the share of rows that repeat the keys of another row. The same rows again add nothing to what
 * can be known, but narrow every interval, so that a version that is as good looks better.
 */
export function repeatedKeysGuard(now: number, before: number, rise: number): Guard {
  const most = Math.min(1, before + rise);
  return {
    guard: 'repeated_keys',
    of: 'log',
    value: now,
    least: null,
    most,
    holds: now <= most,
    sentence: `${percent(now)} of the rows repeat the keys of another row, expected at most ${percent(most)}: ${percent(before)} of those of the current version: was a part of the log delivered twice? (gate.max_rise)`,
  };
}
