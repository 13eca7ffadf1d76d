/** What training will take, as text for people. */
import { byteText, count, countOf, duration } from '../../lib/numbers/text.ts';
import type { Range, TrainingEstimate } from '../../lib/training/estimate.ts';

/** An estimate, with the seconds that reading the log took. */
export interface ExpectedTraining extends TrainingEstimate {
  readonly readSeconds: number;
}

/** Returns a line on time and one on memory: ranges, because early stopping and neighbours on the machine decide. */
export function formatTraining({
  seconds,
  rowsPerSecond,
  epochs,
  memory,
  readSeconds,
  ...rest
}: ExpectedTraining): string[] {
  const networks = rest.networks === 1 ? '' : ` of ${countOf(rest.networks, 'network')}`;
  const time =
    seconds === null || rowsPerSecond === null
      ? []
      : [
          `  training takes ${rangeText(totalSeconds(seconds, readSeconds))} on this machine: ${epochsText(epochs)}${networks} at ${count(rowsPerSecond.train)} rows/s, in batches of ${count(rest.batchSize)}`,
        ];
  const few = seconds === null ? ', which there are not: train refuses it' : '';
  return [...time, `  training needs ${byteText(memory.bytes)} of memory of ${byteText(memory.ofBytes)}${few}`];
}

/** Seconds with those for reading the log. */
export function totalSeconds({ least, most }: Range, readSeconds: number): Range {
  return { least: readSeconds + least, most: readSeconds + most };
}

/** `12 s to 3 min`; one duration where both are the same. */
export function rangeText({ least, most }: Range): string {
  const [from, to] = [least, most].map((value) => duration(Math.max(1, value)));
  return from === to ? `about ${from}` : `${from} to ${to}`;
}

function epochsText({ least, most }: Range): string {
  return least === most ? countOf(most, 'epoch') : `${count(least)} to ${countOf(most, 'epoch')}`;
}
