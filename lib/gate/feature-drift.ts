/** Measures how much the training rows of two versions differ, feature by feature. */

import { binShares, stability, tenths } from '../numbers/stability.ts';
import { percent, precise } from '../numbers/text.ts';
import type { Distribution, Distributions, NumberDistribution, ValueDistribution } from '../table/fit/distributions.ts';

/**
 * Number of values of a category that are compared one by one, the earlier version's most frequent; others together.
 */
const NAMED_VALUES = 20;
const OTHERS = 'all other values';

/** How much one feature's values differ. */
export interface FeatureDrift {
  readonly feature: string;
  /** Population stability index; `null` where one of the two has no such feature, or it is of another type there. */
  readonly index: number | null;
  /** Share of the earlier rows whose values are compared one by one; if it is small, a small index means nothing. */
  readonly told: number;
  /** The value, interval of numbers, or missing values whose share changed most. */
  readonly moved: { readonly what: string; readonly from: number; readonly to: number } | null;
}

/** Every feature of the rows now, against those before; what moved most comes first. */
export function featureDrifts(before: Distributions, now: Distributions): FeatureDrift[] {
  const drifts = Object.entries(now).map(([feature, distribution]) =>
    drift(feature, Object.hasOwn(before, feature) ? before[feature] : undefined, distribution),
  );
  return drifts.toSorted((a, b) => (b.index ?? Number.POSITIVE_INFINITY) - (a.index ?? Number.POSITIVE_INFINITY));
}

/** Index above which a feature is told: not drift from night to night, but another unit, format or source. */
const ANOTHER_DISTRIBUTION = 1;
/** Features that are told by name. */
const MOST_TOLD = 5;

/** Sentences for people on the features that moved by far. */
export function driftNotes(before: Distributions, now: Distributions): string[] {
  const far = featureDrifts(before, now).flatMap(({ feature, index, moved }) =>
    index === null || index <= ANOTHER_DISTRIBUTION || moved === null
      ? []
      : `${feature} is distributed in another way than in the training rows of the current version (stability index ${precise(index)}): ${moved.what} from ${percent(moved.from)} to ${percent(moved.to)}`,
  );
  return far.length <= MOST_TOLD
    ? far
    : [
        ...far.slice(0, MOST_TOLD),
        `${far.length - MOST_TOLD} more features are distributed in another way (report.html)`,
      ];
}

/** Shares of the rows (of the values, in a bag) in one bin, before and now. */
interface Bin {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

function drift(feature: string, before: Distribution | undefined, now: Distribution): FeatureDrift {
  const bins = binsOf(before, now);
  if (bins === null) return { feature, index: null, told: 0, moved: null };
  const floor = 0.5 / Math.max(1, Math.min(before?.rows ?? 1, now.rows));
  const raised = bins.map(({ from, to }) => [Math.max(from, floor), Math.max(to, floor)] as const);
  const moved = bins.reduce((most, bin) => (change(bin) > change(most) ? bin : most));
  const told = 1 - bins.reduce((sum, { what, from }) => sum + (what === OTHERS ? from : 0), 0);
  return { feature, index: stability(raised), told, moved: change(moved) === 0 ? null : moved };
}

function binsOf(before: Distribution | undefined, now: Distribution): readonly Bin[] | null {
  switch (now.kind) {
    case 'number':
      return before?.kind === 'number' ? numberBins(before, now) : null;
    case 'values':
      return before?.kind === 'values' ? valueBins(before, now) : null;
    default:
      return now satisfies never;
  }
}

function numberBins(before: NumberDistribution, now: NumberDistribution): Bin[] {
  const [old, recent] = [before, now].map(({ values }) => Float32Array.from(values)) as [Float32Array, Float32Array];
  const edges = edgesOf(old);
  const [from, to] = [binShares(old, edges), binShares(recent, edges)];
  const inside = from.map((share, bin) => ({
    what: intervalText(edges[bin - 1], edges[bin]),
    from: ofAll(share, before),
    to: ofAll(to[bin] as number, now),
  }));
  return [missingBin(before, now), ...inside];
}

/** The tenths, and where many values are equal (most rows have no order, say) an edge on either side of those. */
function edgesOf(values: Float32Array): number[] {
  const count = Math.max(1, values.length);
  const often = new Map<number, number>();
  for (const value of values) often.set(value, (often.get(value) ?? 0) + 1);
  const heaps = [...often].flatMap(([value, times]) => (times / count >= 0.1 ? [value, above(value)] : []));
  return [...new Set([...tenths(values), ...heaps])].sort((a, b) => a - b);
}

/** The float32 next above a finite one. */
function above(value: number): number {
  const bits = new Int32Array(new Float32Array([value === 0 ? 0 : value]).buffer);
  bits[0] = (bits[0] as number) + (value < 0 ? -1 : 1);
  return new Float32Array(bits.buffer)[0] as number;
}

function valueBins(before: ValueDistribution, now: ValueDistribution): Bin[] {
  const counts = new Map(now.top.map(([hash, count]) => [hash, count]));
  const named = before.top.slice(0, NAMED_VALUES).map(([hash, count, name]) => ({
    what: name ?? hash,
    from: count / unitsOf(before),
    to: (counts.get(hash) ?? 0) / unitsOf(now),
  }));
  const missing = missingBin(before, now);
  const rest = (side: 'from' | 'to') => 1 - missing[side] - named.reduce((sum, bin) => sum + bin[side], 0);
  const others = { what: OTHERS, from: Math.max(0, rest('from')), to: Math.max(0, rest('to')) };
  return [missing, ...named, others];
}

function missingBin(before: Distribution, now: Distribution): Bin {
  const share = (distribution: Distribution) =>
    distribution.kind === 'number' ? missingShare(distribution) : distribution.missing / unitsOf(distribution);
  return { what: 'missing', from: share(before), to: share(now) };
}

/** A share of the rows with a value, as one of all rows. */
function ofAll(share: number, { values, missing, rows }: NumberDistribution): number {
  return values.length === 0 ? 0 : share * (1 - missing / rows);
}

function missingShare({ missing, rows }: Distribution): number {
  return rows === 0 ? 0 : missing / rows;
}

/** Values, and rows that have none. */
function unitsOf({ total, missing }: ValueDistribution): number {
  return Math.max(1, total + missing);
}

function change({ from, to }: Bin): number {
  return Math.abs(to - from);
}

function intervalText(lower: number | undefined, upper: number | undefined): string {
  // An edge on either side of one frequent value.
  if (lower !== undefined && upper === above(lower)) return precise(lower);
  if (lower === undefined) return upper === undefined ? 'any number' : `below ${precise(upper)}`;
  return upper === undefined ? `${precise(lower)} and above` : `${precise(lower)} to ${precise(upper)}`;
}
