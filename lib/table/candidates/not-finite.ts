/**
 * Rows whose scores are not finite: a number in them is so large that the model's arithmetic overflows. They are
 * rejected, as other bad rows are, although only the model shows that they are bad.
 */
import type { Feature } from '../../config/declaration.ts';
import { REJECT_REASONS } from '../../contract/reject-reasons.ts';
import { tableOfColumns } from '../append-columns.ts';
import { columnOrConstant, type Relation } from '../columns.ts';
import { type Database, execute } from '../database.ts';
import type { EncodedChunk, InputSpec, NumberInput, VectorInput } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import type { Numbers } from '../formats/parquet/write-numbers.ts';
import type { FeatureColumn } from '../kinds/feature-kind.ts';
import { featureColumns } from '../kinds/index.ts';
import { columnCheck, type RowCheck } from '../row-check.ts';
import { predictionsOf } from './predictions-table.ts';

/** Deviations from the mean, or weights, from which on a number may be the reason of an overflow. */
const EXTREME = 1e6;

/** The values of each output. */
type Predictions = Readonly<Record<string, Float32Array>>;

/** Whether every value of every output is finite. */
export function areFinite(predictions: Predictions): boolean {
  return Object.values(predictions).every(hasOnlyFinite);
}

function hasOnlyFinite(values: Float32Array): boolean {
  // A finite number times 0 is 0 or -0, and any other NaN, which stays in a sum.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * 0;
  return sum === 0;
}

/**
 * Returns the rows of which an output is not finite, in order.
 * @throws {RangeError} if an output does not have one number for each row.
 */
export function notFiniteRows(predictions: Predictions, rows: number): number[] {
  const outputs = Object.entries(predictions).map(([output, values]) => predictionsOf(output, values, rows));
  const found: number[] = [];
  for (let row = 0; row < rows; row++) if (!outputs.every((values) => Number.isFinite(values[row]))) found.push(row);
  return found;
}

/** Returns numbers without those of the bad rows. */
export function without(
  columns: Readonly<Record<string, Numbers>>,
  bad: ReadonlySet<number>,
): Readonly<Record<string, Numbers>> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, values.filter((_, row) => !bad.has(row))]),
  );
}

/** Collects the rows of a shard whose scores are not finite, by the number that is the most extreme in them. */
export class NotFiniteRows {
  readonly #database: Database;
  readonly #encoder: Pick<Encoder, 'features' | 'inputs'>;
  /** Row numbers by position of the feature; -1 for rows without an extreme number. */
  readonly #rows = new Map<number, number[]>();
  readonly #tables: string[] = [];

  constructor(database: Database, encoder: Pick<Encoder, 'features' | 'inputs'>) {
    this.#database = database;
    this.#encoder = encoder;
  }

  /** Adds rows of a chunk. */
  add(chunk: EncodedChunk & { readonly rowNumbers: Float64Array }, rows: readonly number[]): void {
    for (const row of rows) {
      const feature = mostExtreme(chunk, this.#encoder.inputs, row);
      const numbers = this.#rows.get(feature) ?? [];
      this.#rows.set(feature, numbers);
      numbers.push(chunk.rowNumbers[row] as number);
    }
  }

  /** Returns the checks that the rows fail: after all others, since other bad rows are not scored. */
  async checks(relation: Relation): Promise<RowCheck[]> {
    const checks: RowCheck[] = [];
    for (const [index, numbers] of this.#rows) {
      const column = { name: '#faulty', type: 'DOUBLE', values: Float64Array.from(numbers) } as const;
      const table = await tableOfColumns(this.#database, [column], numbers.length);
      this.#tables.push(table);
      checks.push(checkOf(relation, this.#encoder.features[index], `"#row" IN (SELECT "#faulty" FROM ${table})`));
    }
    return checks;
  }

  /** Drops the tables that the checks read. */
  async drop(): Promise<void> {
    for (const table of this.#tables.splice(0)) await execute(this.#database, `DROP TABLE ${table}`);
  }
}

function checkOf(relation: Relation, feature: Feature | undefined, isBad: string): RowCheck {
  if (feature === undefined)
    return {
      reason: 'score_not_finite',
      column: null,
      isBad,
      value: 'CAST(NULL AS VARCHAR)',
      expected: REJECT_REASONS.score_not_finite,
      stage: null,
    };
  const read = numberColumn(feature);
  const expected = 'a number that the model can compute with';
  return columnCheck('number_not_finite', read.column, columnOrConstant(relation, read), isBad, expected);
}

/** Returns the column with the numbers of a feature. */
function numberColumn(feature: Feature): FeatureColumn {
  const columns = featureColumns(feature);
  const read = columns.find(({ isWeights }) => isWeights) ?? columns[0];
  if (read === undefined) throw new RangeError(`feature ${feature.name} reads no column`);
  return read;
}

/** Returns the column with the most extreme number of a row whose scores are not finite; `null` if none is extreme. */
export function extremeColumn(
  chunk: EncodedChunk,
  { features, inputs }: Pick<Encoder, 'features' | 'inputs'>,
  row: number,
): string | null {
  const feature = features[mostExtreme(chunk, inputs, row)];
  return feature === undefined ? null : numberColumn(feature).column;
}

/** Returns the position of the input with the row's most extreme number; -1 if none is extreme. */
function mostExtreme({ numbers, weights }: EncodedChunk, inputs: readonly InputSpec[], row: number): number {
  let [found, largest] = [-1, EXTREME];
  for (const [index, input] of inputs.entries()) {
    const size =
      input.kind === 'number'
        ? deviations(input, numbers[input.name]?.[row] ?? Number.NaN)
        : input.kind === 'vector'
          ? mostDeviations(input, numbers[input.name]?.subarray(row * input.length, (row + 1) * input.length) ?? [])
          : input.kind === 'bag'
            ? Math.max(...(weights[input.name]?.subarray(row * input.length, (row + 1) * input.length) ?? []))
            : 0;
    if (size > largest) [found, largest] = [index, size];
  }
  return found;
}

/** Returns by how many deviations a number differs from the mean, as the model transforms it; NaN if it is missing. */
function deviations(input: Omit<NumberInput, 'kind'>, value: number): number {
  const [low, high] = input.clip ?? [null, null];
  const clipped = Math.min(Math.max(value, low ?? Number.NEGATIVE_INFINITY), high ?? Number.POSITIVE_INFINITY);
  const transformed = input.log1p ? Math.sign(clipped) * Math.log1p(Math.abs(clipped)) : clipped;
  return Math.abs(transformed - input.mean) / input.deviation;
}

function mostDeviations({ means, deviations: all, ...input }: VectorInput, values: ArrayLike<number>): number {
  return Math.max(
    ...Array.from(values, (value, place) =>
      deviations({ ...input, mean: means[place] as number, deviation: all[place] as number }, value),
    ),
  );
}
