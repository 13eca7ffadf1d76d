/** Adds sums of outcomes of different days. */
import { addBins } from '../../numbers/logit-bins.ts';
import type { JoinedSums, KnownSums, PairedSums, SegmentSums, YoungSums } from './sums.ts';

/** Returns the sums of both. */
export function addJoined(a: JoinedSums, b: JoinedSums): JoinedSums {
  return {
    outcomes: a.outcomes + b.outcomes,
    known: merged(a.known, b.known, addKnown),
    young: merged(a.young, b.young, addYoung),
    delays: merged(a.delays, b.delays, addArrays),
    segments: addSegments(a.segments, b.segments),
    paired: merged(a.paired, b.paired, (left, right) => merged(left, right, addPaired)),
  };
}

function addKnown(a: KnownSums, b: KnownSums): KnownSums {
  return {
    rows: a.rows + b.rows,
    weight: a.weight + b.weight,
    predicted: a.predicted + b.predicted,
    variance: a.variance + b.variance,
    positives: a.positives + b.positives,
    loss: a.loss + b.loss,
    entropy: a.entropy + b.entropy,
    bins: {
      weight: addBins(a.bins.weight, b.bins.weight),
      predicted: addBins(a.bins.predicted, b.bins.predicted),
      positives: addBins(a.bins.positives, b.bins.positives),
    },
  };
}

function addYoung(a: YoungSums, b: YoungSums): YoungSums {
  return {
    predicted: addArrays(a.predicted, b.predicted),
    positives: addArrays(a.positives, b.positives),
    early: addArrays(a.early, b.early),
  };
}

function addPaired(a: PairedSums, b: PairedSums): PairedSums {
  return { rows: a.rows + b.rows, difference: a.difference + b.difference, squares: a.squares + b.squares };
}

function addSegments(a: readonly SegmentSums[], b: readonly SegmentSums[]): SegmentSums[] {
  const sums = new Map(a.map((one) => [JSON.stringify([one.column, one.value]), one]));
  for (const one of b) {
    const key = JSON.stringify([one.column, one.value]);
    const own = sums.get(key);
    sums.set(
      key,
      own === undefined
        ? one
        : {
            ...own,
            rows: own.rows + one.rows,
            predicted: own.predicted + one.predicted,
            positives: own.positives + one.positives,
            money: own.money + one.money,
          },
    );
  }
  return [...sums.values()];
}

function addArrays(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value + (b[index] as number));
}

function merged<Value>(
  a: Readonly<Record<string, Value>>,
  b: Readonly<Record<string, Value>>,
  add: (left: Value, right: Value) => Value,
): Record<string, Value> {
  const both: Record<string, Value> = { ...a };
  for (const [name, value] of Object.entries(b)) both[name] = both[name] === undefined ? value : add(both[name], value);
  return both;
}
