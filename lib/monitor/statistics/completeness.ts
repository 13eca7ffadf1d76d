/** Which share of the events has come by which age: learned from the times of events, or from what earlier runs saw. */
import { AGE_PARTS } from '../../table/monitor/sums.ts';

/** Positives of final labels from which on they tell how complete young labels are. */
const LEAST_POSITIVES = 50;

/** Shares of the events that have come, by age in parts of `within`. */
export interface Completeness {
  /** `times`: the delays of events are in the log; `runs`: earlier runs saw fewer events of the same days. */
  readonly from: 'times' | 'runs';
  /** Positives of final labels that it was learned from. */
  readonly positives: number;
  /** Share that has come at an age, from 0 to `AGE_PARTS`, linear in between. */
  at(parts: number): number;
  /** Standard deviation of the logarithm of a share. */
  relativeError(share: number): number;
}

/** A day of final labels, and what a run saw of it while they were young: sums of its rows by their age then. */
export interface SeenYoung {
  readonly final: { readonly predicted: number; readonly positives: number };
  readonly seen: readonly { readonly predicted: readonly number[]; readonly positives: readonly number[] }[];
}

/** Returns the completeness by the delays of positives, counted by parts; `null` where they are too few. */
export function completenessOf(delays: readonly (readonly number[])[]): Completeness | null {
  const counts = new Array<number>(AGE_PARTS).fill(0);
  for (const day of delays) for (const [part, count] of day.entries()) counts[part] = (counts[part] as number) + count;
  const positives = counts.reduce((sum, count) => sum + count, 0);
  if (positives < LEAST_POSITIVES) return null;
  let reached = 0;
  const points = counts.map((count, part): Point => {
    reached += count / positives;
    return { age: part + 1, share: reached };
  });
  return {
    from: 'times',
    positives,
    at: through([{ age: 0, share: 0 }, ...points]),
    relativeError: (share) => (share <= 0 || share >= 1 ? 0 : Math.sqrt((1 - share) / (share * positives))),
  };
}

/**
 * Returns the completeness by what earlier runs saw of days whose labels are final now; `null` where they are too few.
 * The rows that had an age at a run have as many events in the end as is predicted of them, times observed over predicted
 * of their day. Shares that fall with age are pooled with their neighbours (isotonic regression).
 */
export function completenessOfRuns(days: readonly SeenYoung[]): Completeness | null {
  const [seen, expected] = [new Array<number>(AGE_PARTS).fill(0), new Array<number>(AGE_PARTS).fill(0)];
  let positives = 0;
  for (const { final, seen: runs } of days) {
    if (runs.length === 0 || final.predicted <= 0) continue;
    positives += final.positives;
    for (const run of runs)
      for (let part = 0; part < AGE_PARTS; part++) {
        seen[part] = (seen[part] as number) + (run.positives[part] as number);
        expected[part] =
          (expected[part] as number) + ((run.predicted[part] as number) * final.positives) / final.predicted;
      }
  }
  if (positives < LEAST_POSITIVES) return null;
  const blocks: { seen: number; expected: number; readonly from: number; to: number }[] = [];
  for (let part = 0; part < AGE_PARTS; part++) {
    if (expected[part] === 0) continue;
    blocks.push({ seen: seen[part] as number, expected: expected[part] as number, from: part, to: part + 1 });
    for (let last = blocks.length - 1; last > 0; last--) {
      const [before, own] = [blocks[last - 1], blocks[last]];
      if (before === undefined || own === undefined) break;
      if (before.seen * own.expected <= own.seen * before.expected) break;
      blocks.splice(last - 1, 2, {
        seen: before.seen + own.seen,
        expected: before.expected + own.expected,
        from: before.from,
        to: own.to,
      });
    }
  }
  const points = blocks.map(
    ({ seen: came, expected: all, from, to }): Point => ({
      age: (from + to) / 2,
      share: Math.min(1, came / all),
    }),
  );
  return {
    from: 'runs',
    positives,
    at: through([{ age: 0, share: 0 }, ...points, { age: AGE_PARTS, share: 1 }]),
    // The rows that were seen at an age are others than those of another: both counts vary by chance.
    relativeError: (share) => (share <= 0 ? 0 : Math.sqrt(1 / (share * positives))),
  };
}

interface Point {
  readonly age: number;
  readonly share: number;
}

/** Returns the line through points of rising age. */
function through(points: readonly Point[]): (age: number) => number {
  return (age) => {
    const next = points.findIndex((point) => point.age >= age);
    const [low, high] = [points[next - 1], points[next]];
    if (high === undefined) return (points.at(-1) as Point).share;
    if (low === undefined) return high.share;
    return low.share + ((high.share - low.share) * (age - low.age)) / (high.age - low.age);
  };
}
