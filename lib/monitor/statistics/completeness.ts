/** Which share of the events has come by which age: learned from the delays of final labels. */
import { AGE_PARTS } from '../../table/monitor/sums.ts';

/** Positives of final labels from which on their delays tell how complete young labels are. */
const LEAST_POSITIVES = 50;

/** Shares of the events that have come, by age in parts of `within`. */
export interface Completeness {
  /** Positives of final labels that it was learned from. */
  readonly positives: number;
  /** Share that has come at an age, from 0 to `AGE_PARTS`, linear between whole parts. */
  at(parts: number): number;
}

/** Returns the completeness by the delays of positives, counted by parts; `null` where they are too few. */
export function completenessOf(delays: readonly (readonly number[])[]): Completeness | null {
  const counts = new Array<number>(AGE_PARTS).fill(0);
  for (const day of delays) for (const [part, count] of day.entries()) counts[part] = (counts[part] as number) + count;
  const positives = counts.reduce((sum, count) => sum + count, 0);
  if (positives < LEAST_POSITIVES) return null;
  const reached = [0];
  for (const count of counts) reached.push((reached.at(-1) as number) + count / positives);
  return {
    positives,
    at(parts) {
      const whole = Math.min(AGE_PARTS - 1, Math.floor(parts));
      const [low, high] = [reached[whole] as number, reached[whole + 1] as number];
      return low + (high - low) * Math.min(1, parts - whole);
    },
  };
}

/** Standard deviation of the logarithm of a share that was learned from so many positives. */
export function relativeError(share: number, positives: number): number {
  return share <= 0 || share >= 1 ? 0 : Math.sqrt((1 - share) / (share * positives));
}
