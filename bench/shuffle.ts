/**
 * Compares what models learn from batches of whole groups and of single rows: test losses of the same seeds, on
 * generated logs. Prints each loss, and the mean of the differences with its 95% interval.
 *
 *     npm run bench -- --only shuffle
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../lib/config/declaration.ts';
import { parseDeclaration } from '../lib/config/parse-declaration.ts';
import { type Database, execute, literal } from '../lib/table/database.ts';
import { train } from '../lib/training/train.ts';

const SEEDS = [1, 2, 3, 4, 5];
/** The 97.5% quantile of Student's t with four degrees of freedom. */
const T_QUANTILE = 2.776;
const SHUFFLES = ['rows', 'groups'] as const;
const TASKS = ['ctr', 'ctcvr'] as const;

/** A log that is generated, and the declaration that it is trained by. */
interface GeneratedLog {
  readonly name: string;
  readonly sql: string;
  readonly declaration: string;
}

/**
 * Draws that depend on a row's values alone, uniform in [0, 1). The hash is of a text, since DuckDB's hashes of the same
 * number with other salts depend on each other.
 */
const uniform = (...values: (string | number)[]) =>
  `(hash(concat_ws(':', ${values.join(', ')})) / 18446744073709551616.0)`;
/** Draws of about N(0, deviation^2). */
const effect = (deviation: number, ...values: (string | number)[]) =>
  `(${deviation} * 2 * (${[1, 2, 3].map((k) => uniform(...values, k)).join(' + ')} - 1.5))`;
const sigmoid = (logit: string) => `(1 / (1 + exp(-(${logit}))))`;

/** Impressions in groups of a user's: 20 fields of 50,000 ids, half of them the user's, half the item's. */
function impressions(rows: number, rowsOfGroup: number): GeneratedLog {
  const fields = Array.from({ length: 20 }, (_, f) => ({
    name: `f${f}`,
    id: `CAST(pow(50000, ${uniform(f < 10 ? 'u' : 'v', f)}) - 1 AS INTEGER)`,
  }));
  const sum = (stage: number) => fields.map(({ name }, f) => effect(0.28, name, f, stage)).join(' + ');
  return {
    name: `${rows} impressions in groups of ${rowsOfGroup}`,
    sql: `
      SELECT *, CAST(click = 1 AND ${uniform('i', 202)} < ${sigmoid(`-3.6 + ${sum(1)}`)} AS TINYINT) AS conversion
      FROM (SELECT *, CAST(${uniform('i', 201)} < ${sigmoid(`-4.3 + ${sum(0)}`)} AS TINYINT) AS click
        FROM (SELECT i, i // ${rowsOfGroup} AS grp, ${fields.map(({ name, id }) => `${id} AS ${name}`).join(', ')}
          FROM (SELECT i, CAST(200000 * pow(${uniform(`i // ${rowsOfGroup}`, 77)}, 3) AS INTEGER) AS u,
            CAST(50000 * pow(${uniform('i', 78)}, 3) AS INTEGER) AS v FROM range(${rows}) AS t(i))))`,
    declaration: fields
      .map(({ name }, f) => `  ${name}: { type: category, entity: ${f < 10 ? 'user' : 'item'}, ids: 50000 }`)
      .join('\n'),
  };
}

/** A campaign as Hillstrom's, but with one to twelve mails to each customer: few columns, rates of 15% and 1%. */
function campaign(rows: number): GeneratedLog {
  const columns = {
    recency: `1 + CAST(12 * ${uniform('c', 1)} AS INTEGER)`,
    history: `30 * exp(2.5 * ${uniform('c', 2)})`,
    zip_code: `CAST(3 * ${uniform('c', 3)} AS INTEGER)`,
    channel: `CAST(3 * ${uniform('c', 4)} AS INTEGER)`,
    newbie: `CAST(${uniform('c', 5)} < 0.5 AS INTEGER)`,
    mens: `CAST(${uniform('c', 6)} < 0.55 AS INTEGER)`,
    segment: `CAST(3 * ${uniform('i', 7)} AS INTEGER)`,
    subject: `CAST(40 * ${uniform('i', 8)} AS INTEGER)`,
  };
  const categories = ['recency', 'zip_code', 'channel', 'newbie', 'mens', 'segment', 'subject'];
  const logit = (stage: number) =>
    [...categories.map((name, f) => effect(0.35, name, f, stage)), effect(0.4, 'mens', 'segment', stage)].join(' + ');
  return {
    name: `${rows} rows of a campaign, one to twelve mails to a customer`,
    sql: `
      SELECT *, CAST(click = 1 AND ${uniform('i', 302)} < ${sigmoid(`-2.9 + ${logit(1)}`)} AS TINYINT) AS conversion
      FROM (SELECT *, CAST(${uniform('i', 301)} < ${sigmoid(`-2 + ln(history) / 20 + ${logit(0)}`)} AS TINYINT) AS click
        FROM (SELECT i, c AS grp, ${Object.entries(columns)
          .map(([name, sql]) => `${sql} AS ${name}`)
          .join(', ')}
          FROM (SELECT i, CAST(floor(i / 6.5 + 0.8 * sin(i / 6.5)) AS INTEGER) AS c FROM range(${rows}) AS t(i))))`,
    declaration: [
      ...categories.map((name) => {
        const entity = name === 'segment' || name === 'subject' ? 'item' : 'user';
        return `  ${name}: { type: category, entity: ${entity} }`;
      }),
      '  history: { type: number, entity: user, log1p: true }',
    ].join('\n'),
  };
}

/** Trains on each log and prints what each order of the rows leads to. */
export async function benchShuffle(
  { database, threads, scratch }: { readonly database: Database; readonly threads: number; readonly scratch: string },
  rows: number,
): Promise<void> {
  for (const log of [impressions(rows, 20), impressions(rows, 500), campaign(rows)]) {
    const path = join(scratch, 'shuffle.parquet');
    await execute(database, `COPY (${log.sql} ORDER BY i) TO ${literal(path)} (FORMAT parquet)`);
    console.log(log.name);
    const losses = new Map<string, number[]>();
    for (const seed of SEEDS) {
      for (const shuffle of SHUFFLES) {
        const found = await testLosses(declarationOf(log, seed, shuffle), { path, threads, scratch });
        for (const [task, loss] of Object.entries(found)) {
          const key = `${task} ${shuffle}`;
          losses.set(key, [...(losses.get(key) ?? []), loss]);
        }
      }
    }
    for (const task of TASKS) printDifference(task, losses);
    await rm(path);
  }
}

function declarationOf({ declaration }: GeneratedLog, seed: number, shuffle: (typeof SHUFFLES)[number]): Declaration {
  const text = `name: shuffle
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [i], group: grp }
split: { hash: grp, validation: 0.05, test: 0.3 }
training: { epochs: 2, patience: null, seed: ${seed}, shuffle: ${shuffle} }
features:
${declaration}
`;
  return parseDeclaration(text, 'bench');
}

async function testLosses(
  declaration: Declaration,
  { path, threads, scratch }: { readonly path: string; readonly threads: number; readonly scratch: string },
): Promise<Record<string, number>> {
  const folder = join(scratch, 'shuffle-training');
  await mkdir(folder);
  try {
    const options = {
      declaration,
      declarationText: '',
      dataPath: path,
      scratch: folder,
      threads,
      memoryLimitMiB: 4096,
    };
    const { metrics } = await train(options);
    const tasks = metrics.tasks.filter(({ task }) => TASKS.some((name) => name === task.name));
    return Object.fromEntries(tasks.map(({ task, logLoss }) => [task.name, logLoss.value ?? Number.NaN]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function printDifference(task: string, losses: ReadonlyMap<string, readonly number[]>): void {
  const [rows, groups] = SHUFFLES.map((shuffle) => losses.get(`${task} ${shuffle}`) ?? []) as [number[], number[]];
  const differences = rows.map((loss, i) => (groups[i] as number) - loss);
  const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (differences.length - 1);
  const half = T_QUANTILE * Math.sqrt(variance / differences.length);
  const list = (values: readonly number[]) => values.map((value) => value.toFixed(6)).join(' ');
  console.log(`  test loss of ${task}, seeds ${SEEDS.join(' ')}: rows ${list(rows)}; groups ${list(groups)}`);
  console.log(
    `  groups - rows: ${mean.toExponential(2)}, 95% interval ${(mean - half).toExponential(2)} to ${(mean + half).toExponential(2)}`,
  );
}
