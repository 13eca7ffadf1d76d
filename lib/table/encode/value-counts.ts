/** Counts, over encoded rows, what a model does not know: missing values, and values that it was not trained on. */
import type { Feature } from '../../config/declaration.ts';
import { type EncodedChunk, type InputSpec, isEmbedded, PARTS, type Part } from '../encoded.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { firstId, idSourceKind } from '../kinds/id-sources.ts';
import { featureColumns } from '../kinds/index.ts';

/** Counts of a feature's values over some rows. */
export interface ValueCounts {
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** Number of values. It may exceed `rows`, since a row of a bag has several. */
  readonly values: number;
  /**
   * Values that share the unknown rows of their embedding table: they are in no vocabulary, or out of the range of ids.
   * `null` if the feature cannot have any, as a number or a hash.
   */
  readonly unknown: number | null;
}

/** Counts by feature. */
export type FeatureCounts = Readonly<Record<string, ValueCounts>>;

/** Counts of each part of a log that a model was trained on. */
export type PartCounts = Readonly<Record<Part, FeatureCounts>>;

/** Name of the file of a `PartCounts`, in a model version. */
export const VALUE_COUNTS_FILE = 'value-counts.json';

/** Share of the rows that have no value; 0 without rows. */
export function missingShare({ rows, missing }: Pick<ValueCounts, 'rows' | 'missing'>): number {
  return rows === 0 ? 0 : missing / rows;
}

/** Share of the values that are unknown; 0 without values, and where none can be. */
export function unknownShare({ values, unknown }: Pick<ValueCounts, 'values' | 'unknown'>): number {
  return unknown === null || values === 0 ? 0 : unknown / values;
}

/** Shares of unknown values by feature; features without any value, or that cannot have unknown ones, are left out. */
export function unknownShares(counts: FeatureCounts): Record<string, number> {
  const seen = Object.entries(counts).filter(([, { values, unknown }]) => values > 0 && unknown !== null);
  return Object.fromEntries(seen.map(([name, count]) => [name, unknownShare(count)]));
}

/** Shares of the values of a feature that a model does not know. */
export interface ValueShares {
  /** Share of the rows without a value. */
  readonly missing: number;
  /** Share of the values that are unknown. */
  readonly unknown: number;
}

/**
 * Returns the shares that are usual for each feature: the largest of the parts of the log that the model was trained on,
 * since only held-out rows have values that appeared later. Candidates may lack every value of a feature that the
 * declaration scores as missing (`at_scoring: null`).
 */
export function usualShares(counts: PartCounts, features: readonly Feature[]): Record<string, ValueShares> {
  const shares = features.map((feature): [string, ValueShares] => {
    const parts = PARTS.flatMap((part) => counts[part][feature.name] ?? []);
    const isScoredAsMissing = featureColumns(feature).every(({ atScoring }) => atScoring === null);
    const missing = isScoredAsMissing ? 1 : Math.max(0, ...parts.map(missingShare));
    return [feature.name, { missing, unknown: Math.max(0, ...parts.map(unknownShare)) }];
  });
  return Object.fromEntries(shares);
}

/** How far above the usual share one is not unusual yet. */
const USUAL_DIFFERENCE = 0.1;
/** How many standard deviations above the usual share the share of a few rows is not unusual yet. */
const USUAL_DEVIATIONS = 4;

/** Whether a share of so many rows or values is well above the usual one, by more than chance. */
export function isUnusual(share: number, usual: number, total: number): boolean {
  if (total === 0) return false;
  // One success and one failure more keep the deviation of a share of 0 above 0.
  const expected = (usual * total + 1) / (total + 2);
  const deviation = Math.sqrt((expected * (1 - expected)) / total);
  return share - usual > Math.max(USUAL_DIFFERENCE, USUAL_DEVIATIONS * deviation);
}

/** Adds counts of the same feature. */
export function addCounts(a: ValueCounts, b: ValueCounts): ValueCounts {
  return {
    rows: a.rows + b.rows,
    missing: a.missing + b.missing,
    values: a.values + b.values,
    unknown: a.unknown === null || b.unknown === null ? null : a.unknown + b.unknown,
  };
}

interface Tally {
  rows: number;
  missing: number;
  values: number;
  unknown: number;
}

/** Counts the values of every feature, chunk by chunk. */
export class ValueCounter {
  readonly #inputs: readonly { readonly input: InputSpec; readonly firstKnown: number | null; readonly tally: Tally }[];

  constructor(encoder: Pick<Encoder, 'inputs' | 'embeddings'>) {
    this.#inputs = encoder.inputs.map((input) => ({
      input,
      firstKnown: firstKnownId(encoder, input),
      tally: { rows: 0, missing: 0, values: 0, unknown: 0 },
    }));
  }

  /** Counts the rows of a chunk at these indices. @param rows by default all rows of the chunk. */
  add({ rows: chunkRows, ids, numbers }: Pick<EncodedChunk, 'rows' | 'ids' | 'numbers'>, rows?: Uint32Array): void {
    const count = rows?.length ?? chunkRows;
    const isAll = rows === undefined;
    for (const { input, firstKnown, tally } of this.#inputs) {
      tally.rows += count;
      switch (input.kind) {
        case 'id':
          if (isAll) countSingleIds(tally, ids[input.name] as Int32Array, firstKnown ?? 0);
          else countIds(tally, ids[input.name] as Int32Array, { length: 1, firstKnown: firstKnown ?? 0, count, rows });
          break;
        case 'bag':
        case 'sequence':
          countIds(tally, ids[input.name] as Int32Array, {
            length: input.length,
            firstKnown: firstKnown ?? 0,
            count,
            rows,
          });
          break;
        case 'number':
        case 'quantile':
          countNumbers(tally, numbers[input.name] as Float32Array, { length: 1, count, rows });
          break;
        case 'vector':
          countNumbers(tally, numbers[input.name] as Float32Array, { length: input.length, count, rows });
          break;
      }
    }
  }

  /** The counts so far, by feature. */
  counts(): FeatureCounts {
    return Object.fromEntries(
      this.#inputs.map(({ input, firstKnown, tally }) => [
        input.name,
        { ...tally, unknown: firstKnown === null ? null : tally.unknown },
      ]),
    );
  }
}

/** Returns the first row id of a known value; `null` if the feature has no unknown values. */
function firstKnownId(encoder: Pick<Encoder, 'embeddings'>, input: InputSpec): number | null {
  if (!isEmbedded(input) || input.kind === 'quantile') return null;
  const { ids } = embeddingTable(encoder, input.table);
  return idSourceKind(ids).hasUnknown ? firstId(ids) : null;
}

/** Counts the ids of all rows of an input that has one in each. */
function countSingleIds(tally: Tally, ids: Int32Array, firstKnown: number): void {
  // 0 is the missing value, which is below the first known one.
  const least = Math.max(firstKnown, 1);
  let missing = 0;
  let below = 0;
  if (hasBelow(ids, least)) {
    // Without a branch: the sign of a difference is its top bit.
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      missing = (missing + ((id - 1) >>> 31)) | 0;
      below = (below + ((id - least) >>> 31)) | 0;
    }
  }
  tally.missing += missing;
  tally.values += ids.length - missing;
  tally.unknown += below - missing;
}

/** Whether an id is below one: most columns have none. Four signs are collected apart, so that none waits for another. */
function hasBelow(ids: Int32Array, least: number): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = ids.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a |= (ids[i] as number) - least;
    b |= (ids[i + 1] as number) - least;
    c |= (ids[i + 2] as number) - least;
    d |= (ids[i + 3] as number) - least;
  }
  for (let i = whole; i < ids.length; i++) a |= (ids[i] as number) - least;
  return (a | b | c | d) < 0;
}

function countIds(
  tally: Tally,
  ids: Int32Array,
  {
    length,
    firstKnown,
    count,
    rows,
  }: {
    readonly length: number;
    readonly firstKnown: number;
    readonly count: number;
    readonly rows: Uint32Array | undefined;
  },
): void {
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : (rows[i] as number);
    let values = 0;
    for (let at = row * length; at < (row + 1) * length; at++) {
      const id = ids[at] as number;
      // 0 is the missing value, and pads a bag or sequence.
      if (id === 0) continue;
      values++;
      if (id < firstKnown) tally.unknown++;
    }
    tally.values += values;
    if (values === 0) tally.missing++;
  }
}

/** A vector without a value has none in any place. */
function countNumbers(
  tally: Tally,
  numbers: Float32Array,
  { length, count, rows }: { readonly length: number; readonly count: number; readonly rows: Uint32Array | undefined },
): void {
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : (rows[i] as number);
    if (Number.isNaN(numbers[row * length])) tally.missing++;
    else tally.values++;
  }
}
