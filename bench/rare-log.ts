/**
 * A generated log at the rates of Ali-CCP: 4% of the impressions are clicked, and half a per cent of the clicks convert.
 * Both depend on the user, the item and the context, each in a way of its own. DuckDB writes it as it makes it, so that
 * it may be larger than memory.
 */
import { type Database, execute, literal, query } from '../lib/table/database.ts';

/** Rates and size of a log. */
export interface RareLog {
  readonly rows: number;
  readonly seed: number;
  /** Share of the impressions that are clicked. */
  readonly clickRate: number;
  /** Share of the clicks that convert. */
  readonly conversionRate: number;
}

/** The rates of Ali-CCP. */
export const ALI_CCP = { clickRate: 0.04, conversionRate: 0.005 } as const;

/** The columns, each with its number of values and the deviation of their effects on the logits. */
const COLUMNS = [
  { name: 'user', entity: 'user', values: 100_000, click: 0.4, conversion: 0.3 },
  { name: 'segment', entity: 'user', values: 12, click: 0.4, conversion: 0.6 },
  { name: 'age', entity: 'user', values: 8, click: 0.3, conversion: 0.5 },
  { name: 'item', entity: 'item', values: 20_000, click: 0.5, conversion: 0.4 },
  { name: 'brand', entity: 'item', values: 300, click: 0.4, conversion: 0.7 },
  { name: 'category', entity: 'item', values: 40, click: 0.4, conversion: 0.7 },
  { name: 'hour', entity: 'context', values: 24, click: 0.2, conversion: 0.2 },
  { name: 'place', entity: 'context', values: 6, click: 0.4, conversion: 0 },
] as const;

/** Rows from which the intercepts are found. */
const SAMPLE = 50_000;

/**
 * Returns the declaration of a model with a kind of tower for such a log. At a weight of 1 the loss of the conversion is
 * 1/88 of that of the click, and the shared embeddings follow the click alone. A batch has a conversion in five, so that at
 * a constant learning rate the level of pcvr is, at the end, what the last few of them made it.
 */
export function rareDeclaration(tower: string): string {
  const features = COLUMNS.map(({ name, entity }) => `  ${name}: { type: category, entity: ${entity} }`);
  return `name: rare
stages:
  click: { label: click }
  conversion: { label: conversion, weight: 50 }
log: { keys: [row] }
split: { hash: row, validation: 0.2, test: 0.1 }
model: { tower: ${tower} }
training: { batch_size: 1024, epochs: 1, learning_rate: 0.002, learning_rate_decay: linear }
features:
${features.join('\n')}
`;
}

/** Writes a log as Parquet. */
export async function writeRareLog(database: Database, path: string, log: RareLog): Promise<void> {
  const { rows, seed, clickRate, conversionRate } = log;
  const values = COLUMNS.map(({ name, values: count }) => {
    // Squared, so that some values are frequent and most are rare.
    return `CAST(floor(${count} * pow(${uniform(seed, literal(name), 'i')}, 2)) AS INTEGER) AS "${name}"`;
  });
  const effects = (task: 'click' | 'conversion') =>
    COLUMNS.map(({ name, ...of }) => effectOf(of[task], seed, literal(task), literal(name), `"${name}"`)).join(' + ');
  const rowsOf = (count: number) => `SELECT i AS row, ${values.join(', ')} FROM range(${count}) AS t(i)`;
  const sample = await query(
    database,
    `SELECT ${effects('click')} AS click, ${effects('conversion')} AS conversion FROM (${rowsOf(SAMPLE)})`,
  );
  const [clicks, conversions] = [sample.map(({ click }) => Number(click)), sample.map((row) => Number(row.conversion))];
  const clickIntercept = interceptOf(
    clicks,
    clicks.map(() => 1),
    clickRate,
  );
  const clicked = clicks.map((effect) => sigmoid(clickIntercept + effect));
  const conversionIntercept = interceptOf(conversions, clicked, conversionRate);
  const drawn = (task: 'click' | 'conversion', intercept: number) =>
    `CAST(${uniform(seed, literal(`draw ${task}`), 'row')} < 1 / (1 + exp(-(${intercept} + ${effects(task)}))) AS TINYINT)`;
  await execute(
    database,
    `COPY (
      SELECT *, CAST(click * ${drawn('conversion', conversionIntercept)} AS TINYINT) AS conversion FROM (
        SELECT *, ${drawn('click', clickIntercept)} AS click FROM (
          ${rowsOf(rows)})))
     TO ${literal(path)} (FORMAT parquet)`,
  );
}

/** A draw that depends on the values alone, uniform in [0, 1). The hash is of a text: hashes of numbers are related. */
export function uniform(...values: readonly (string | number)[]): string {
  return `(hash(concat_ws(':', ${values.join(', ')})) / 18446744073709551616.0)`;
}

/** The effect of a value, about N(0, deviation^2): the sum of three uniform draws. */
export function effectOf(deviation: number, ...values: readonly (string | number)[]): string {
  return `${deviation} * 2 * (${[1, 2, 3].map((k) => uniform(...values, k)).join(' + ')} - 1.5)`;
}

/** The intercept with which logits of these effects have a weighted mean probability, by bisection. */
function interceptOf(effects: readonly number[], weights: readonly number[], rate: number): number {
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = (intercept: number) =>
    effects.reduce((sum, effect, i) => sum + (weights[i] as number) * sigmoid(intercept + effect), 0) / total;
  let [low, high] = [-30, 30];
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (mean(middle) < rate) low = middle;
    else high = middle;
  }
  return low;
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
