/** Alternates the product with what a Python user would write, and says how they compare. */

/** Each contestant returns the time of one run. */
export interface Contest {
  readonly product: () => Promise<number>;
  /** `null` where there is no Python. */
  readonly python: (() => Promise<number>) | null;
  readonly rounds: number;
}

/** The times of all rounds. */
export interface Outcome {
  readonly product: readonly number[];
  readonly python: readonly number[];
}

/** Runs both in turn, so that a machine that is busy for a while is busy for both. */
export async function sideBySide({ product, python, rounds }: Contest): Promise<Outcome> {
  const outcome = { product: [] as number[], python: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    outcome.product.push(await product());
    if (python !== null) outcome.python.push(await python());
  }
  return outcome;
}

/** The outcome as text: medians, spread and ratio. */
export function outcomeText({ product, python }: Outcome, wanted: number, unit: 's' | 'ms' = 's'): string {
  if (python.length === 0) return `product ${spreadText(product, unit)}, Python NOT RUN`;
  const ratio = median(python) / median(product);
  return `product ${spreadText(product, unit)}, Python ${spreadText(python, unit)}, ratio ${ratio.toFixed(2)} (wanted ${wanted})`;
}

/** The median of some values, with the least and the most of them. */
export function spreadText(values: readonly number[], unit: string, digits = 2): string {
  const text = (value: number) => value.toFixed(digits);
  const range = values.length > 1 ? ` (${text(Math.min(...values))} to ${text(Math.max(...values))})` : '';
  return `${text(median(values))} ${unit}${range}`;
}

/** The middle value, or the one below the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
