/** Writes a training bundle: the graphs, initial values, encoded rows and settings of a training, for a trainer outside. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainedModelPart } from '../model/model.ts';
import { openDatabase } from '../table/database.ts';
import { PARTS } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import { DataError } from '../table/errors.ts';
import { fitEncoder } from '../table/fit/fit-encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { assertNetworksTrainable, networksOf } from '../training/fit-model.ts';
import { stageRates } from '../training/held-out/stage-rates.ts';
import { engineOptionsOf, type Fitting } from '../training/networks/fit-network.ts';
import type { FittedNetwork } from '../training/networks/fitted-network.ts';
import { withOwnRows } from '../training/networks/own-rows.ts';
import { cacheRows } from '../training/rows/cache-rows.ts';
import type { TrainingOptions } from '../training/training-options.ts';
import type { Drawn } from '../training/weights/initial-weights.ts';
import { digestFile, digestText } from '../workers/file-digest.ts';
import { type EncodeRows, encodeRows, type ProcessOptions } from './encode-rows.ts';
import { BUNDLE_FILE, BUNDLE_FORMAT, type Bundle, type BundleNetwork } from './format.ts';
import { readRowOrder } from './row-order.ts';
import { WRITING_THREADS } from './shard-file.ts';
import { writeChosen } from './write-chosen.ts';
import { writeNetwork } from './write-network.ts';
import { hasOrders, writeOrders } from './write-orders.ts';

/** What a bundle is made of, and where it goes. */
export interface WriteBundleOptions
  extends ProcessOptions,
    Pick<
      TrainingOptions,
      | 'declarationText'
      | 'modelFile'
      | 'scratch'
      | 'usedBytes'
      | 'onSummary'
      | 'onProgress'
      | 'onEpoch'
      | 'onNote'
      | 'signal'
    > {
  /** Folder of the bundle, which must be empty or absent. */
  readonly folder: string;
  /** What encodes the rows. @default processes of this machine, which write them to the folder */
  readonly encode?: EncodeRows;
}

/** Folders of a bundle besides `rows`. */
const FOLDERS = ['networks', 'order', 'chosen'] as const;

/**
 * Encodes a log and writes a bundle of it. The networks that the choice of a network's rows needs are trained here.
 * `bundle.json` is written last.
 * @throws {DataError} where the folder is not empty, or a network would have no rows.
 */
export async function writeBundle(opened: OpenedLog, options: WriteBundleOptions): Promise<Bundle> {
  const { database, log } = opened;
  const { declaration } = log;
  const { folder, scratch, signal, encode = encodeRows } = options;
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new DataError('folder_not_empty', `${folder} is not empty, expected a new folder for the bundle`);
  const { encoder, summary } = await fitEncoder(database, log, options.onProgress);
  const fitting: Fitting = { opened, options, encoder };
  const { parts } = networksOf(fitting);
  for (const name of ['rows', ...FOLDERS]) await mkdir(join(folder, name));
  const total = PARTS.reduce((sum, part) => sum + summary.parts[part].rows, 0);
  const rows = await encode(opened, {
    ...options,
    encoder,
    // Functions count bad rows, too.
    onProgress: (done) => options.onProgress?.({ phase: 'encode', done: Math.min(done, total), total }),
  });
  options.onSummary?.(summary, rows.counts);
  const { training } = declaration;
  const trainRows = rows.parts.train.rows;
  const order = await readRowOrder(opened, encoder, {
    rows: trainRows,
    scratch,
    hasOrders: hasOrders(trainRows, training.epochs),
  });
  const [first] = parts as [TrainedModelPart];
  const { batchSize, optimizer, schedule, dropout } = engineOptionsOf(
    fitting,
    { model: first.model, seed: training.seed },
    order,
  );
  const bundle: Omit<Bundle, 'files'> = {
    format: BUNDLE_FORMAT,
    name: declaration.name,
    declarationSha256: digestText(options.declarationText),
    encoderSha256: encoderDigest(encoder, summary),
    batchSize,
    epochs: training.epochs,
    patience: training.patience,
    seed: training.seed,
    optimizer: { type: optimizer.type, learningRate: optimizer.learningRate, momentum: optimizer.momentum ?? 0 },
    schedule,
    dropout,
    ...rows.parts,
    orders: await writeOrders(order, { ...training, folder, prefix: '', batchSize }),
    networks: await writeNetworks({ opened, options, encoder, summary }, parts),
  };
  const files: Record<string, string> = {};
  for (const name of FOLDERS)
    for (const file of (await readdir(join(folder, name))).toSorted()) {
      signal?.throwIfAborted();
      files[`${name}/${file}`] = (await digestFile(join(folder, name, file))).sha256;
    }
  const whole = { ...bundle, files: { ...files, ...rows.files } };
  await writeFile(join(folder, BUNDLE_FILE), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/** Returns the digest of what weights belong to: an encoder's inputs and tables, and the rows that it was fitted to. */
export function encoderDigest({ inputs, tables }: Encoder, { parts }: LogSummary): string {
  return digestText(JSON.stringify({ inputs, tables, rows: parts.train.digest }));
}

/** What networks are written with. */
interface Writing extends Fitting {
  readonly opened: OpenedLog;
  readonly options: WriteBundleOptions;
  readonly summary: LogSummary;
}

/** Writes the networks in their order. Where one chooses its rows, all are encoded once more, to choose from. */
async function writeNetworks(writing: Writing, parts: readonly TrainedModelPart[]): Promise<BundleNetwork[]> {
  if (parts.some(({ model }) => model.network.rows !== undefined)) return writeChoosing(writing, parts);
  const networks: BundleNetwork[] = [];
  const place = placeOf(writing);
  for (const [index, part] of parts.entries())
    networks.push({ ...(await writeNetwork(part, { ...place, index })), chosen: null });
  return networks;
}

async function writeChoosing(writing: Writing, parts: readonly TrainedModelPart[]): Promise<BundleNetwork[]> {
  const { opened, options, encoder, summary } = writing;
  const { folder, rates, ...others } = placeOf(writing);
  const cached = await cacheRows(opened, { ...options, encoder, summary, scoresValidation: false });
  assertNetworksTrainable(writing, networksOf(writing).folds, cached.train);
  const database = await openDatabase({ ...options, threads: WRITING_THREADS });
  try {
    const networks: BundleNetwork[] = [];
    const before: FittedNetwork[] = [];
    for (const [index, part] of parts.entries())
      await withOwnRows(writing, part, { rows: { ...cached, rates }, before }, async (own, trained) => {
        before.push(...trained);
        const network = await writeNetwork(part, { ...others, folder, index, rates: own.rates });
        const choosesRows = part.model.network.rows !== undefined;
        const place = { database, folder, index, signal: options.signal };
        networks.push({ ...network, chosen: choosesRows ? await writeChosen(writing, part, own, place) : null });
      });
    return networks;
  } finally {
    await database.close();
  }
}

function placeOf({ opened: { log }, options: { folder, onProgress, signal }, summary }: Writing) {
  const drawing = { onProgress: (drawn: Drawn) => onProgress?.({ phase: 'draw', ...drawn }), signal };
  return { folder, declaration: log.declaration, rates: stageRates(summary), ...drawing };
}
