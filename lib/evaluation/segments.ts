/** How well a model ranks the rows of each segment, by one walk through the rows in the order of their probabilities. */
import { sortIndices } from '../numbers/sort.ts';
import { type FunnelRows, type FunnelTask, taskRows } from './funnel.ts';

/** The rows of a segment that a task measures. */
export interface SegmentMetrics {
  readonly positives: number;
  /** `null` where a class is missing. */
  readonly auc: number | null;
}

/** What is known of a segment at one point of the walk: sums of weights, and those of the rows tied at `score`. */
interface Walk {
  pairsWon: number;
  positives: number;
  negatives: number;
  score: number;
  tiedPositives: number;
  tiedNegatives: number;
  positiveRows: number;
}

/**
 * Measures a task on the rows of each segment, column by column of segments.
 *
 * @param columns the segment of each row, from -1 on
 * @param counts the number of segments in each column, besides -1
 * @returns for each column its segments in order, that of -1 last
 */
export function measureSegments(
  { probabilities, labels, weight }: Omit<FunnelRows, 'group'>,
  task: FunnelTask,
  columns: readonly Int8Array[],
  counts: readonly number[],
): readonly (readonly SegmentMetrics[])[] {
  const [probability, label] = [probabilities[task.output] as Float32Array, labels[task.label] as Int8Array];
  const order = sortIndices(taskRows(labels, task), probability);
  return columns.map((codes, column) => {
    const count = counts[column] as number;
    const walks = Array.from({ length: count + 1 }, newWalk);
    for (const row of order) {
      const code = codes[row] as number;
      const walk = walks[code < 0 ? count : code] as Walk;
      const score = probability[row] as number;
      if (score !== walk.score) passTies(walk, score);
      const counted = weight === null ? 1 : (weight[row] as number);
      if (label[row] === 1) {
        walk.tiedPositives += counted;
        walk.positiveRows++;
      } else walk.tiedNegatives += counted;
    }
    return walks.map(metricsOf);
  });
}

function newWalk(): Walk {
  return { pairsWon: 0, positives: 0, negatives: 0, score: 0, tiedPositives: 0, tiedNegatives: 0, positiveRows: 0 };
}

/** Counts the rows that were tied, before those at the next probability. */
function passTies(walk: Walk, score: number): void {
  walk.pairsWon += walk.tiedPositives * (walk.negatives + walk.tiedNegatives / 2);
  walk.positives += walk.tiedPositives;
  walk.negatives += walk.tiedNegatives;
  walk.tiedPositives = 0;
  walk.tiedNegatives = 0;
  walk.score = score;
}

function metricsOf(walk: Walk): SegmentMetrics {
  passTies(walk, 1);
  const { positives, negatives, pairsWon, positiveRows } = walk;
  return {
    positives: positiveRows,
    auc: positives === 0 || negatives === 0 ? null : pairsWon / (positives * negatives),
  };
}
