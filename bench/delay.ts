/**
 * Trains on generated logs whose conversions come late, and measures the models on the eventual labels of the two days
 * after each log: an oracle that is told the eventual labels of the log, ESMM on the labels as seen at its end (vanilla),
 * on those of old rows alone (waiting), and both models of delays. Prints a table with 95% intervals over the seeds.
 * Runs that have ended are not made again if the same folder is given.
 *
 *     npm run bench -- --only delay [--rows 600000] [--folder /var/tmp/delay]
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDeclaration } from '../lib/config/parse-declaration.ts';
import { evaluateFunnel } from '../lib/evaluation/funnel.ts';
import { fixed } from '../lib/numbers/text.ts';
import { modelFiles, openModel } from '../lib/predictor/open-model.ts';
import type { Database } from '../lib/table/database.ts';
import { withLog } from '../lib/table/open-log.ts';
import { funnelTasks } from '../lib/training/held-out/funnel-tasks.ts';
import { scoreLog } from '../lib/training/held-out/predict.ts';
import { train } from '../lib/training/train.ts';
import { DELAYS, type DelayedLog, type DelayName, delayedFeatures, writeDelayedLog } from './delayed-log.ts';

const SEEDS = [1, 2, 3, 4, 5];
/** The 97.5% quantile of Student's t with four degrees of freedom. */
const T_QUANTILE = 2.776;
const WITHIN = '7d';

/** The models: what they know of a conversion, and their type. */
const MODELS = {
  oracle: { conversion: '{ label: eventual }', type: 'esmm' },
  vanilla: { conversion: '{ label: conversion }', type: 'esmm' },
  waiting: { conversion: `{ label: conversion, within: ${WITHIN} }`, type: 'esmm' },
  delayed: { conversion: `{ label: conversion, at: converted_at, within: ${WITHIN} }`, type: 'delayed' },
  'delay-buckets': { conversion: `{ label: conversion, at: converted_at, within: ${WITHIN} }`, type: 'delay-buckets' },
} as const;

type ModelName = keyof typeof MODELS;

/** A model's metrics of pcvr on the clicked rows, and of pctcvr on all rows, of the future. */
interface Run extends DelayedLog {
  readonly model: ModelName;
  readonly logLoss: number;
  readonly auc: number;
  readonly pcoc: number;
  readonly entireLogLoss: number;
  readonly entirePcoc: number;
}

interface Bench {
  readonly database: Database;
  readonly threads: number;
  readonly scratch: string;
}

/** Makes the runs that are left, and prints the table. */
export async function benchDelay(bench: Bench, rows: number, folder: string = bench.scratch): Promise<void> {
  await mkdir(folder, { recursive: true });
  const results = join(folder, `delay-${rows}.json`);
  const runs: Run[] = existsSync(results) ? JSON.parse(await readFile(results, 'utf8')) : [];
  for (const delay of Object.keys(DELAYS) as DelayName[])
    for (const seed of SEEDS)
      for (const model of Object.keys(MODELS) as ModelName[]) {
        if (runs.some((run) => run.delay === delay && run.seed === seed && run.model === model)) continue;
        const run = await trained(bench, folder, { rows, delay, seed }, model);
        console.error(JSON.stringify(run));
        runs.push(run);
        await writeFile(results, `${JSON.stringify(runs, null, 2)}\n`);
      }
  console.log(tableOf(runs));
}

async function trained(
  { database, threads, scratch }: Bench,
  folder: string,
  log: DelayedLog,
  model: ModelName,
): Promise<Run> {
  const name = `${log.delay.replaceAll(' ', '-')}-${log.rows}-${log.seed}`;
  const paths = { log: join(folder, `${name}.parquet`), future: join(folder, `${name}-future.parquet`) };
  if (!existsSync(paths.future)) await writeDelayedLog(database, paths, log);
  const own = join(scratch, 'delay-training');
  await mkdir(own);
  try {
    const limits = { scratch: own, threads, memoryLimitMiB: 2048 };
    const text = declarationOf(model, log.seed);
    const trainedModel = await train({
      ...limits,
      declaration: parseDeclaration(text, 'bench'),
      declarationText: text,
      dataPath: paths.log,
    });
    return { ...log, model, ...(await measured(trainedModel.folder, paths.future, limits)) };
  } finally {
    await rm(own, { recursive: true });
  }
}

/** Measures a model on rows whose eventual labels are known. */
async function measured(
  folder: string,
  dataPath: string,
  limits: { readonly scratch: string; readonly threads: number; readonly memoryLimitMiB: number },
): Promise<Omit<Run, keyof DelayedLog | 'model'>> {
  const declaration = parseDeclaration(declarationOf('oracle', 1), 'bench');
  return withLog({ ...limits, declaration, dataPath }, async (opened) => {
    const model = await openModel(opened.database, await modelFiles(folder), { threads: limits.threads });
    const rows = await scoreLog(opened, model, ['train', 'validation', 'test'], { phase: 'evaluate' });
    await model.release();
    const tasks = funnelTasks(declaration);
    const metrics = evaluateFunnel(rows, {
      tasks,
      trainingRates: Object.fromEntries(tasks.map((task) => [task.name, 0.1])),
    });
    const of = (task: string) => metrics.tasks.find((one) => one.task.name === task);
    const [cvr, ctcvr] = [of('cvr'), of('ctcvr')];
    const value = (metric: { readonly value: number | null } | undefined) => metric?.value ?? Number.NaN;
    return {
      logLoss: value(cvr?.logLoss),
      auc: value(cvr?.auc),
      pcoc: value(cvr?.pcoc),
      entireLogLoss: value(ctcvr?.logLoss),
      entirePcoc: value(ctcvr?.pcoc),
    };
  });
}

function declarationOf(model: ModelName, seed: number): string {
  const { conversion, type } = MODELS[model];
  return `name: delay
stages:
  click: { label: click, at: clicked_at }
  conversion: ${conversion}
log: { keys: [row], time: shown_at }
split: { hash: row, validation: 0.1, test: 0.02 }
model: { type: ${type}, hidden_units: [32, 16] }
training: { batch_size: 1024, epochs: 3, patience: null, learning_rate: 0.003, learning_rate_decay: linear, seed: ${seed} }
features:
${delayedFeatures()}
`;
}

function tableOf(runs: readonly Run[]): string {
  const lines = (Object.keys(DELAYS) as DelayName[]).flatMap((delay) => {
    const of = (model: ModelName, seed: number) =>
      runs.find((run) => run.delay === delay && run.model === model && run.seed === seed) as Run;
    return (Object.keys(MODELS) as ModelName[]).map((model) => {
      const each = (value: (run: Run, oracle: Run, vanilla: Run) => number) =>
        SEEDS.map((seed) => value(of(model, seed), of('oracle', seed), of('vanilla', seed)));
      const gains = each((run, _, vanilla) => vanilla.logLoss - run.logLoss);
      const oracleGains = each((_, oracle, vanilla) => vanilla.logLoss - oracle.logLoss);
      const figures = [
        intervalText(
          each((run, oracle) => 1e4 * (run.logLoss - oracle.logLoss)),
          1,
        ),
        intervalText(
          each((run, oracle) => run.auc - oracle.auc),
          4,
        ),
        intervalText(
          each(({ pcoc }) => pcoc),
          3,
        ),
        shareText(gains, oracleGains),
        intervalText(
          each(({ entirePcoc }) => entirePcoc),
          3,
        ),
      ];
      return [delay, model, ...figures];
    });
  });
  const header = [
    'delays',
    'model',
    "log loss less the oracle's, 1e-4",
    "AUC less the oracle's",
    'PCOC',
    "share of the oracle's gain",
    'PCOC of pctcvr',
  ];
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Returns the mean of the seeds' values, and the half width of its 95% interval. */
function intervalText(values: readonly number[], decimals: number): string {
  return `${fixed(mean(values), decimals)} ± ${fixed(halfWidth(values), decimals)}`;
}

/** Returns the ratio of two means over the seeds as a percentage, and its interval by the jackknife. */
function shareText(parts: readonly number[], wholes: readonly number[]): string {
  const without = (values: readonly number[], seed: number) => values.filter((_, i) => i !== seed);
  const ratio = mean(parts) / mean(wholes);
  const pseudo = parts.map((_, i) => {
    return parts.length * ratio - ((parts.length - 1) * mean(without(parts, i))) / mean(without(wholes, i));
  });
  return `${fixed(100 * ratio, 0)}% ± ${fixed(100 * halfWidth(pseudo), 0)}%`;
}

function halfWidth(values: readonly number[]): number {
  const center = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
  return T_QUANTILE * Math.sqrt(variance / values.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
