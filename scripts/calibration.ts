/**
 * What calibration does to held-out rows: PCOC of every output and AUC of pctcvr before and after, of the edges and of
 * the product, over several seeds, and what `calibration_of: auto` chooses.
 *
 *     tsx scripts/calibration.ts [hillstrom | rates | drift | overfit ...] [--seeds 1,2,3,4,5] [--rows 1000000]
 *
 * - `hillstrom`: the example, on splits 1, 2, ...
 * - `rates`: a generated log, of which about 4% of the rows are clicked and 0.5% of those are converted.
 * - `drift`: about 10% and 4%, but the rates of the training rows are others: more clicks, fewer conversions.
 * - `overfit`: about 10% and 4%, trained for eight epochs without early stopping.
 *
 * Prints a table in Markdown: mean, least and most over the seeds.
 */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { withScratch } from '../bin/scratch.ts';
import type { Declaration } from '../lib/config/declaration.ts';
import { parseDeclaration, readDeclaration } from '../lib/config/parse-declaration.ts';
import type { FunnelMetrics } from '../lib/evaluation/funnel.ts';
import { execute, literal, openDatabase } from '../lib/table/database.ts';
import { type TrainedModel, train } from '../lib/training/train.ts';

const HILLSTROM = fileURLToPath(new URL('../examples/hillstrom/', import.meta.url));
const FIELDS = 8;
const IDS = 2000;
const THREADS = availableParallelism();

/** Where a generated log's rates are, as logits, and by how much those of its training rows differ. */
interface GeneratedLog {
  readonly click: number;
  readonly conversion: number;
  readonly drift: readonly [number, number];
  readonly training: string;
}

const WAYS = ['none', 'edges', 'product', 'auto'] as const;
const STOPPED = 'epochs: 6, patience: 1';
const GENERATED: Readonly<Record<string, GeneratedLog>> = {
  rates: { click: -3.6, conversion: -5.8, drift: [0, 0], training: STOPPED },
  drift: { click: -2.6, conversion: -3.4, drift: [0.6, -0.5], training: STOPPED },
  overfit: { click: -2.6, conversion: -3.4, drift: [0, 0], training: 'epochs: 8, patience: null' },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '1,2,3,4,5' }, rows: { type: 'string', default: '1000000' } },
});
const seeds = values.seeds.split(',').map(Number);
const logs = positionals.length > 0 ? positionals : ['hillstrom', ...Object.keys(GENERATED)];

printLine(['log', 'calibrated', 'PCOC pctr', 'pcvr (clicked)', 'pctcvr', 'AUC pctcvr', 'log loss pctcvr']);
printLine(['---', '---', '---:', '---:', '---:', '---:', '---:']);
for (const log of logs) await measureLog(log);

/** Trains on a log with every seed, and prints a line for each way to calibrate. */
async function measureLog(log: string): Promise<void> {
  const measured: Record<(typeof WAYS)[number], FunnelMetrics[]> = { none: [], edges: [], product: [], auto: [] };
  const chosen: string[] = [];
  for (const seed of seeds)
    await withScratch(process, async (scratch) => {
      const { declaration, path } = await (log === 'hillstrom' ? example(seed) : generated(log, seed, scratch));
      const first = await trainOne(declaration, 'auto', path, join(scratch, 'auto'));
      chosen.push(first.calibration?.of ?? 'none');
      measured.none.push(first.uncalibrated ?? first.metrics);
      measured.auto.push(first.metrics);
      for (const of of ['edges', 'product'] as const)
        measured[of].push((await trainOne(declaration, of, path, join(scratch, of))).metrics);
    });
  for (const way of WAYS) {
    const name = way === 'auto' ? `auto: ${chosen.join(', ')}` : way;
    printLine([log, name, ...columnsOf(measured[way])]);
  }
}

async function trainOne(
  declaration: Declaration,
  calibrationOf: 'auto' | 'edges' | 'product',
  dataPath: string,
  scratch: string,
): Promise<TrainedModel> {
  await mkdir(scratch);
  const training = { ...declaration.training, calibration: 'platt' as const, calibrationOf };
  const options = { declarationText: '', dataPath, scratch, threads: THREADS, memoryLimitMiB: 2048 };
  return train({ ...options, declaration: { ...declaration, training } });
}

async function example(seed: number): Promise<{ declaration: Declaration; path: string }> {
  const { declaration } = await readDeclaration(`${HILLSTROM}entirespace.yaml`);
  const { split } = declaration;
  if (split.by !== 'hash')
    throw new TypeError(`split of ${declaration.name}: got one by ${split.by}, expected by hash`);
  return { declaration: { ...declaration, split: { ...split, seed } }, path: `${HILLSTROM}hillstrom.parquet` };
}

/** Writes a log of this seed, whose probabilities are those of a linear model with interactions. */
async function generated(
  log: string,
  seed: number,
  scratch: string,
): Promise<{ declaration: Declaration; path: string }> {
  const kind = GENERATED[log];
  if (kind === undefined)
    throw new RangeError(`got ${log}, expected hillstrom or ${Object.keys(GENERATED).join(', ')}`);
  const path = join(scratch, 'log.parquet');
  const database = await openDatabase({ threads: THREADS, memoryLimitMiB: 2048, scratch });
  await execute(database, `COPY (${rowsSql(kind, seed)}) TO ${literal(path)} (FORMAT parquet)`);
  await database.close();
  const fields = Array.from(
    { length: FIELDS },
    (_, f) => `  f${f}: { type: category, entity: ${f < FIELDS / 2 ? 'user' : 'item'}, dimension: 8 }`,
  );
  const text = `name: generated
stages: { click: { label: click }, conversion: { label: conversion } }
log: { keys: [i] }
split: { column: part, train: [train], validation: [validation], test: [test] }
model: { hidden_units: [64, 32] }
training: { seed: ${seed}, ${kind.training} }
features:
${fields.join('\n')}
`;
  return { declaration: parseDeclaration(text, 'generated'), path };
}

function rowsSql({ click, conversion, drift }: GeneratedLog, seed: number): string {
  const uniform = (...parts: (string | number)[]) =>
    `(hash(concat_ws(':', ${seed}, ${parts.join(', ')})) / 18446744073709551616.0)`;
  const effect = (deviation: number, ...parts: (string | number)[]) =>
    `${deviation} * 2 * (${[1, 2, 3].map((k) => uniform(...parts, k)).join(' + ')} - 1.5)`;
  const logit = (stage: number) =>
    [
      ...Array.from({ length: FIELDS }, (_, f) => effect(0.35, `f${f}`, f, stage)),
      effect(0.4, 'f0 % 40', 'f4 % 40', stage),
    ].join(' + ');
  const happens = (draw: number, base: number, shift: number, stage: number) =>
    `${uniform('i', draw)} < 1 / (1 + exp(-(${base} + ${shift} * (part = 'train')::INT + ${logit(stage)})))`;
  const ids = Array.from({ length: FIELDS }, (_, f) => `CAST(pow(${IDS}, ${uniform('i', f)}) - 1 AS INTEGER) AS f${f}`);
  return `
    SELECT *, CAST(click = 1 AND ${happens(202, conversion, drift[1], 1)} AS TINYINT) AS conversion
    FROM (SELECT *, CAST(${happens(201, click, drift[0], 0)} AS TINYINT) AS click
      FROM (SELECT i, ['train', 'train', 'validation', 'test'][1 + CAST(i % 4 AS INTEGER)] AS part, ${ids.join(', ')}
        FROM range(${Number(values.rows)}) AS t(i)))`;
}

function columnsOf(metrics: readonly FunnelMetrics[]): string[] {
  const column = (name: string, metric: 'pcoc' | 'auc' | 'logLoss', decimals: number) => {
    const found = metrics.map(
      ({ tasks }) => tasks.find(({ task }) => task.name === name)?.[metric].value ?? Number.NaN,
    );
    if (found.length === 0) return '-';
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
    const show = (value: number) => value.toFixed(decimals);
    return `${show(mean)} (${show(Math.min(...found))} to ${show(Math.max(...found))})`;
  };
  return [
    column('ctr', 'pcoc', 3),
    column('cvr', 'pcoc', 3),
    column('ctcvr', 'pcoc', 3),
    column('ctcvr', 'auc', 4),
    column('ctcvr', 'logLoss', 6),
  ];
}

function printLine(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
