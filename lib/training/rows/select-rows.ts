/** Copies the rows that train a network to a file of their own, as its rule says, in one pass over the cached rows. */
import type { RowBlock, RowRule } from '../../model/parts/training-rows.ts';
import type { RandomStream } from '../../numbers/random.ts';
import { BLOCK_ROWS, type ColumnFile, columnsOf, type FileColumns, type FileLayout } from './column-file.ts';
import { ColumnFileWriter } from './column-file-writer.ts';
import type { CacheGroup } from './window.ts';

/** Which rows are copied, and where to. */
export interface RowSelection {
  /** Path of the file that is written. */
  readonly path: string;
  readonly rule: RowRule;
  /** The labelled stages of the network. Rows of which no label of these is known are left out. */
  readonly stages: readonly string[];
  /** The rows' random numbers, by their place in the cache. */
  readonly random: RandomStream;
  /** The probability of each row that reached the stage, in the order of the cache; `null` where the rule needs none. */
  readonly propensities: { readonly stage: string; readonly values: Float32Array } | null;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The rows that were copied. */
export interface SelectedRows {
  readonly file: ColumnFile<CacheGroup>;
  readonly meanWeight: number;
  /** Weighted mean of each label, over the rows whose label is known; none without any. */
  readonly rates: Readonly<Record<string, number>>;
}

/** Copies each row as often as the rule says, one copy after the other. */
export async function selectRows(from: ColumnFile<CacheGroup>, selection: RowSelection): Promise<SelectedRows> {
  const { path, stages, onProgress, signal } = selection;
  const totals = new Totals(stages);
  const writer = await ColumnFileWriter.create(path, from.layout);
  const propensitiesOf = propensityReader(selection);
  let done = 0;
  try {
    const blocks = Array.from({ length: from.blocks }, (_, block) => [block]);
    for await (const columns of from.read(blocks)) {
      const rows = Math.min(BLOCK_ROWS, from.rows - done);
      const uniforms = Float64Array.from({ length: rows }, (_, i) => selection.random.uniform(done + i));
      const { labels, weights } = columns;
      const block: RowBlock = {
        rows,
        labels,
        weights,
        uniforms,
        propensities: propensitiesOf(labels, rows),
      };
      const { copies, factors } = selection.rule(block);
      if (factors !== undefined) for (const stage of stages) multiply(weights[stage] as Float32Array, factors);
      const chosen = repeated(copies, (row) => stages.some((stage) => (weights[stage]?.[row] as number) > 0));
      totals.add(columns, chosen);
      await writer.append(chosen, (some, into, at) => copyRows(from.layout, { columns, rows: some }, into, at));
      done += rows;
      onProgress?.(done, from.rows);
      signal?.throwIfAborted();
    }
    return { file: await writer.finish(), ...totals.facts() };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** Returns the function that gives the propensities of the rows of one block after the other. */
function propensityReader({ propensities }: RowSelection): (labels: RowBlock['labels'], rows: number) => Float32Array {
  if (propensities === null) return (_, rows) => new Float32Array(rows);
  const { stage, values } = propensities;
  let next = 0;
  return (labels) => (labels[stage] as Float32Array).map((label) => (label === 1 ? (values[next++] as number) : 0));
}

function multiply(values: Float32Array, factors: Float32Array): void {
  for (let row = 0; row < values.length; row++) (values[row] as number) *= factors[row] as number;
}

/** Returns the rows that are used, each as often as there are copies of it. */
function repeated(copies: Uint16Array, isUsed: (row: number) => boolean): Uint32Array {
  const rows: number[] = [];
  for (const [row, count] of copies.entries())
    if (count > 0 && isUsed(row)) for (let copy = 0; copy < count; copy++) rows.push(row);
  return Uint32Array.from(rows);
}

/** Copies the given rows, in that order, to the rows of other columns from row `at` on. */
export function copyRows(
  layout: FileLayout<CacheGroup>,
  { columns, rows }: { readonly columns: FileColumns<CacheGroup>; readonly rows: Uint32Array },
  into: FileColumns<CacheGroup>,
  at: number,
): void {
  const targets = columnsOf(layout, into);
  for (const [index, { values, length }] of columnsOf(layout, columns).entries()) {
    const target = targets[index]?.values as Int32Array | Float32Array;
    for (let i = 0; i < rows.length; i++) {
      const source = (rows[i] as number) * length;
      for (let k = 0; k < length; k++) target[(at + i) * length + k] = values[source + k] as number;
    }
  }
}

/** Adds up the weights and labels of the rows that are copied. */
class Totals {
  readonly #stages: ReadonlyMap<string, { weight: number; positive: number }>;
  #rows = 0;
  #weight = 0;

  constructor(stages: readonly string[]) {
    this.#stages = new Map(stages.map((stage) => [stage, { weight: 0, positive: 0 }]));
  }

  add({ labels, weights }: FileColumns<CacheGroup>, rows: Uint32Array): void {
    this.#rows += rows.length;
    for (const row of rows) {
      let largest = 0;
      for (const [stage, sums] of this.#stages) {
        const weight = weights[stage]?.[row] as number;
        sums.weight += weight;
        sums.positive += weight * (labels[stage]?.[row] as number);
        largest = Math.max(largest, weight);
      }
      this.#weight += largest;
    }
  }

  facts(): Pick<SelectedRows, 'meanWeight' | 'rates'> {
    const known = [...this.#stages].filter(([, { weight }]) => weight > 0);
    const rates = Object.fromEntries(known.map(([stage, { weight, positive }]) => [stage, positive / weight]));
    return { meanWeight: this.#rows === 0 ? 1 : this.#weight / this.#rows, rates };
  }
}
