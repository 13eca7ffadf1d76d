/** How much the values of features differ between the training rows and those of the other parts, in a sample. */
import { orderedBits } from '../../../numbers/rank-search.ts';
import { stability, tenths } from '../../../numbers/stability.ts';
import { percent, precise } from '../../../numbers/text.ts';
import { PARTS, type Part } from '../../encoded.ts';
import type { SampledColumn } from '../measure/value-aucs.ts';
import type { PartSummary } from '../parts.ts';

/** How much a feature's values differ from those of the training rows in another part. */
export interface PartDrift {
  readonly feature: string;
  /** What differs: the values, or how many of them a row of a bag or sequence has. */
  readonly of: 'values' | 'length';
  readonly part: Exclude<Part, 'train'>;
  /** Population stability index: 0 for equal distributions, 0.25 for a large difference. */
  readonly index: number;
  /** The index that chance alone would give rows that are so few. */
  readonly chance: number;
}

/** Values that are counted by themselves: the most frequent ones in the training rows. */
const NAMED_VALUES = 20;
/** Buckets of the hashes of values. */
export const BUCKETS = 4096;
/** Index from which values are told to differ: a usual limit for distributions that are not the same. */
const LARGE = 0.25;
/** Times the index of chance from which it is none. */
const BEYOND_CHANCE = 4;
/** Features that are told by name. */
const MOST_TOLD = 8;
/** Factor between the rates of two parts that is told, and how many standard errors it must be away from 1. */
const OTHER_RATE = 1.5;
const STANDARD_ERRORS = 4;

/** Measures the drift of a column from the training rows to every other part that has rows. */
export function partDrifts({ feature, keys, part, isOrdered }: SampledColumn): PartDrift[] {
  const bins = isOrdered ? numberBins(keys, part) : valueBins(keys, part);
  const counts = PARTS.map(() => new Float64Array(bins.count));
  const rows = PARTS.map(() => 0);
  for (let row = 0; row < keys.length; row++) {
    const code = part[row] as number;
    const own = counts[code] as Float64Array;
    const bin = bins.of(keys[row] as number);
    own[bin] = (own[bin] as number) + 1;
    rows[code] = (rows[code] as number) + 1;
  }
  return driftsOfCounts({ feature, of: 'values' }, counts, rows);
}

/**
 * Returns the drift from the training rows to every other part that has rows.
 * @param counts by the index into `PARTS`, the values in each bin.
 * @param rows by the index into `PARTS`, the rows: of rows with several values there is less chance than of so many values.
 */
export function driftsOfCounts(
  what: Pick<PartDrift, 'feature' | 'of'>,
  counts: readonly Float64Array[],
  rows: readonly number[],
): PartDrift[] {
  const [train = new Float64Array(0)] = counts;
  const [values = 0, ...others] = counts.map((own) => own.reduce((sum, count) => sum + count, 0));
  const trainRows = rows[0] as number;
  return (['validation', 'test'] as const).flatMap((name): PartDrift[] => {
    const code = PARTS.indexOf(name);
    const [own, ownRows] = [counts[code] as Float64Array, rows[code] as number];
    if (ownRows === 0 || trainRows === 0) return [];
    const ownValues = others[code - 1] as number;
    const floor = 0.5 / Math.min(values, ownValues);
    const shares = Array.from(train, (count, bin): [number, number] => [
      Math.max(count / values, floor),
      Math.max((own[bin] as number) / ownValues, floor),
    ]);
    const used = shares.filter(([p, q]) => p > floor || q > floor).length;
    return [{ ...what, part: name, index: stability(shares), chance: (used - 1) * (1 / trainRows + 1 / ownRows) }];
  });
}

/** Returns notes on the features whose values differ by far, those that differ most first, by name. */
export function driftNotes(drifts: readonly PartDrift[]): string[] {
  const far = drifts.filter(({ index, chance }) => index > LARGE && index > BEYOND_CHANCE * chance);
  const byName = new Map<string, PartDrift[]>();
  for (const drift of far.toSorted((a, b) => b.index - a.index))
    byName.set(nameOf(drift), [...(byName.get(nameOf(drift)) ?? []), drift]);
  if (byName.size === 0) return [];
  const told = [...byName].slice(0, MOST_TOLD).map(([name, own]) => {
    const parts = own.map(({ part, index }) => `${precise(index)} in ${part}`);
    return `${name} (${parts.join(', ')})`;
  });
  const more = byName.size - told.length;
  return [
    `values are distributed in another way than in the training rows, by a stability index above ${LARGE}: ${told.join(', ')}${more === 0 ? '' : ` and ${more} more`}: a model hardly learns from values that it does not meet again, such as dates and counters; leave them out, or write what lasts, such as an age or an hour`,
  ];
}

function nameOf({ feature, of }: PartDrift): string {
  return of === 'values' ? feature : `the length of ${feature}`;
}

/** Returns notes on labels whose rate in a held-out part is another one than in the training rows. */
export function rateNotes(parts: Readonly<Record<Part, Pick<PartSummary, 'labels'>>>): string[] {
  return Object.entries(parts.train.labels).flatMap(([stage, train]) =>
    (['validation', 'test'] as const).flatMap((part) => {
      const [before, after] = [rateOf(train), rateOf(parts[part].labels[stage] ?? { positives: 0, negatives: 0 })];
      const factor = after.rate / before.rate;
      const error = Math.sqrt(1 / Math.max(1, before.positives) + 1 / Math.max(1, after.positives));
      const isOther = factor > OTHER_RATE || factor < 1 / OTHER_RATE;
      return after.rows > 0 && isOther && Math.abs(Math.log(factor)) > STANDARD_ERRORS * error
        ? [
            `${stage} happened in ${percent(before.rate)} of the training rows and in ${percent(after.rate)} of the ${part} rows: early stopping, calibration and metrics are by other rows than training; was the log recorded in another way, or its labels lost?`,
          ]
        : [];
    }),
  );
}

function rateOf({ positives, negatives }: { readonly positives: number; readonly negatives: number }) {
  const rows = positives + negatives;
  return { rows, positives, rate: rows === 0 ? 0 : positives / rows };
}

/** Bins of a value, and how many there are. */
export interface Bins {
  readonly count: number;
  readonly of: (key: number) => number;
}

const MISSING_NUMBER = orderedBits(new Int32Array(new Float32Array([Number.NEGATIVE_INFINITY]).buffer)[0] as number);

/** Tenths of the training rows, and missing values by themselves. */
function numberBins(keys: Uint32Array, part: Uint8Array): Bins {
  const present = keys.filter((key, row) => part[row] === 0 && key !== MISSING_NUMBER);
  const edges = tenths(present);
  return {
    count: edges.length + 2,
    of(key) {
      if (key === MISSING_NUMBER) return 0;
      let bin = 1;
      for (const edge of edges) if (key >= edge) bin++;
      return bin;
    },
  };
}

/** The most frequent values of the training rows, by what is left of their hash, and all others together. */
function valueBins(keys: Uint32Array, part: Uint8Array): Bins {
  const counts = new Uint32Array(BUCKETS);
  for (let row = 0; row < keys.length; row++) {
    const bucket = (keys[row] as number) % BUCKETS;
    if (part[row] === 0) counts[bucket] = (counts[bucket] as number) + 1;
  }
  const { count, of } = frequentBins(counts);
  return { count, of: (key) => of(key % BUCKETS) };
}

/** Returns the most frequent buckets of the training rows, by themselves, and all others together. */
export function frequentBins(counts: ArrayLike<number>): Bins {
  const named = Array.from(counts, (count, bucket) => ({ count, bucket }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, NAMED_VALUES);
  const bins = new Uint8Array(counts.length).fill(named.length);
  for (const [bin, { bucket }] of named.entries()) bins[bucket] = bin;
  return { count: named.length + 1, of: (bucket) => bins[bucket] as number };
}
