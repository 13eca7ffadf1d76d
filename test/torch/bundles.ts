/** Bundles of a small log, and the steps that the product's own engine makes on the same rows. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BUNDLE_FILE, type Bundle } from '../../lib/bundle/format.ts';
import { writeBundle } from '../../lib/bundle/write-bundle.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { createEngine } from '../../lib/engine/create-engine.ts';
import type { TrainedModelPart } from '../../lib/model/model.ts';
import { loadModelFile } from '../../lib/own-model/model-file.ts';
import { fitEncoder } from '../../lib/table/fit/fit-encoder.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { networksOf } from '../../lib/training/fit-model.ts';
import { stageRates } from '../../lib/training/held-out/stage-rates.ts';
import { engineOptionsOf, type Fitting, type NetworkRows } from '../../lib/training/networks/fit-network.ts';
import { withOwnRows } from '../../lib/training/networks/own-rows.ts';
import { cacheRows } from '../../lib/training/rows/cache-rows.ts';
import { initialWeights } from '../../lib/training/weights/initial-weights.ts';

export const PYTHON = fileURLToPath(new URL('../../.venv-torch/bin/python', import.meta.url));
export const TORCHRUN = join(dirname(PYTHON), 'torchrun');
export const TRAINER = fileURLToPath(new URL('../../training/torch/train.py', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BEGIN = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

/**
 * CSV of a shop's log: users with a history, items, prices that may be missing, clicks, wishes and purchases. A row comes
 * every ten minutes; purchases follow within six hours, and those after the last row are not seen.
 */
export function shopLog(rows: number): string {
  const bits = (row: number, salt: number) => {
    let h = (row * 2_654_435_761 + salt * 40_503) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  };
  const lines = ['row,user,age,item,history,price,clicked,wished,bought,shown_at,bought_at'];
  const time = (row: number) => BEGIN + row * 10 * MINUTE;
  const text = (ms: number) => new Date(ms).toISOString();
  for (let row = 0; row < rows; row++) {
    const user = Math.floor(row / 5);
    const item = Math.floor(bits(row, 1) * 30);
    const history = Array.from({ length: user % 4 }, (_, k) => `i${Math.floor(bits(user, 10 + k) * 30)}`).join('|');
    const price = row % 11 === 0 ? '' : (bits(item, 2) * 50).toFixed(2);
    const clicked = bits(row, 3) < 0.2 + item / 60 ? 1 : 0;
    const wished = clicked === 1 && bits(row, 4) < 0.4 ? 1 : 0;
    const boughtAt = time(row) + Math.floor(bits(row, 6) * 360) * MINUTE;
    const bought = clicked === 1 && bits(row, 5) < 0.15 + 0.3 * wished && boughtAt <= time(rows - 1) ? 1 : 0;
    const times = [text(time(row)), bought === 1 ? text(boughtAt) : ''];
    lines.push([row, `u${user}`, user % 50, `i${item}`, history, price, clicked, wished, bought, ...times].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Features of the log: categories, a bag that shares a table, numbers. */
export const FEATURES = `
  user: { type: category, entity: user, hash: 64, dimension: 4 }
  age: { type: number, entity: user, quantiles: 5, dimension: 3 }
  item: { type: category, entity: item, embedding: item }
  history: { type: bag, entity: user, embedding: item, delimiter: "|", max_length: 3, combiner: sqrtn }
  price: { type: number, entity: item, log1p: true }`;

/** A declaration over the log, with what the cases change. */
export function shop({
  stages = 'click: { label: clicked }\n  conversion: { label: bought }',
  log = '{ keys: [row], outcomes: [wished] }',
  model = '{ hidden_units: [8, 4] }',
  training = '{ batch_size: 128, epochs: 3 }',
  features = FEATURES,
}: Partial<Record<'stages' | 'log' | 'model' | 'training' | 'features', string>> = {}): string {
  return `name: shop
stages:
  ${stages}
log: ${log}
split: { hash: row, validation: 0.1, test: 0.1 }
embeddings: { item: { dimension: 4 } }
features:${features}
model: ${model}
training: ${training}
`;
}

export const SEQUENCE = `${FEATURES}
  seen: { type: sequence, column: history, entity: user, embedding: item, delimiter: "|", max_length: 3, pooling: attention, to: item }`;

/** The losses of the steps of a network, by name. */
export type Steps = readonly Readonly<Record<string, number>>[];

/**
 * Writes the bundle of each network of a model by itself to `<folder>/<its number>`, and returns the losses of the first
 * steps of the product's own engine for each.
 */
export async function bundleAndSteps(
  folder: string,
  {
    declarationText,
    dataPath,
    steps,
  }: { readonly declarationText: string; readonly dataPath: string; readonly steps: number },
): Promise<Steps[]> {
  const declaration = parseDeclaration(declarationText, 'shop.yaml');
  const modelFile = await loadModelFile({
    declaration,
    text: declarationText,
    fileName: join(ROOT, 'shop.yaml'),
    folder: ROOT,
  });
  const scratch = join(folder, 'scratch');
  await mkdir(scratch, { recursive: true });
  const limits = { scratch, threads: 1, memoryLimitMiB: 512 };
  return withLog({ declaration, dataPath, ...limits }, async (opened) => {
    const options = { declarationText, modelFile, scratch, threads: 1 };
    const bundle = join(folder, 'bundle');
    const { networks } = await writeBundle(opened, {
      ...options,
      memoryLimitMiB: limits.memoryLimitMiB,
      folder: bundle,
    });
    for (const index of networks.keys()) await copyWithNetwork(bundle, join(folder, String(index)), index);
    const { encoder, summary } = await fitEncoder(opened.database, opened.log);
    const rows = await cacheRows(opened, { ...options, encoder, summary });
    const fitting: Fitting = { opened, options, encoder };
    const losses: Steps[] = [];
    for (const part of networksOf(fitting).parts)
      await withOwnRows(
        fitting,
        part,
        { rows: { ...rows, rates: stageRates(summary) }, before: [] },
        async (own) => void losses.push(await firstSteps(fitting, part, own, steps)),
      );
    return losses;
  });
}

/** Copies a bundle with one of its networks. */
async function copyWithNetwork(bundle: string, folder: string, index: number): Promise<void> {
  await cp(bundle, folder, { recursive: true });
  const { networks, ...facts } = JSON.parse(await readFile(join(folder, BUNDLE_FILE), 'utf8')) as Bundle;
  await writeFile(join(folder, BUNDLE_FILE), JSON.stringify({ ...facts, networks: [networks[index]] }));
}

/** Returns the losses of the first steps of a network. */
async function firstSteps(
  fitting: Fitting,
  { model }: TrainedModelPart,
  { train, rates }: NetworkRows,
  steps: number,
): Promise<Steps> {
  const { training } = fitting.opened.log.declaration;
  const options = engineOptionsOf(fitting, { model, seed: training.seed }, train);
  const engine = await createEngine('onnxruntime', model, options);
  try {
    engine.load(await initialWeights(model, rates, training.seed));
    const losses: Record<string, number>[] = [];
    for (let epoch = 1; losses.length < steps; epoch++)
      for await (const batch of train.batches(options.batchSize, { ...training, epoch })) {
        losses.push(await engine.train(batch));
        if (losses.length === steps) break;
      }
    return losses;
  } finally {
    await engine.release();
  }
}

/** Runs Python, or several processes of it that train together. */
export async function python(
  args: readonly string[],
  processes = 1,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const command = processes === 1 ? [PYTHON] : [TORCHRUN, `--nproc-per-node=${processes}`, '--standalone'];
  const [file = '', ...before] = command;
  const { stdout } = await promisify(execFile)(file, [...before, ...args], {
    env: { ...process.env, OMP_NUM_THREADS: '1', ...environment },
  });
  return stdout;
}
