/** The rows that a network of a bundle chooses, as files of their own, and the steps in which it is trained on them. */
import { join } from 'node:path';
import type { TrainedModelPart } from '../model/model.ts';
import type { Database } from '../table/database.ts';
import { engineOptionsOf, type Fitting, type NetworkRows } from '../training/networks/fit-network.ts';
import { BLOCK_ROWS, ColumnFile } from '../training/rows/column-file.ts';
import type { RowCache } from '../training/rows/row-cache.ts';
import { copyRows } from '../training/rows/select-rows.ts';
import type { BundleRows, BundleTraining } from './format.ts';
import { RowOrder } from './row-order.ts';
import { ShardFileWriter } from './shard-file.ts';
import { writeOrders } from './write-orders.ts';

/** Rows of a file: whole blocks. */
const FILE_ROWS = 2 ** 20;

/** Where rows are written. */
export interface WriteChosenOptions {
  /** A database of `WRITING_THREADS` threads. */
  readonly database: Database;
  /** Folder of the bundle, which has folders `chosen` and `order`. */
  readonly folder: string;
  /** Number of the network. */
  readonly index: number;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the rows that a network chose, and their orders. */
export async function writeChosen(
  fitting: Fitting,
  { model }: Pick<TrainedModelPart, 'model'>,
  { train, validation }: Pick<NetworkRows, 'train' | 'validation'>,
  options: WriteChosenOptions,
): Promise<BundleTraining> {
  const { training } = fitting.opened.log.declaration;
  const { batchSize, schedule } = engineOptionsOf(fitting, { model, seed: training.seed }, train);
  const place = { ...training, folder: options.folder, prefix: `${options.index}-`, batchSize };
  return {
    batchSize,
    schedule,
    train: await writeRows('train', train, options),
    validation: await writeRows('validation', validation, options),
    orders: await writeOrders(RowOrder.of(fileOf(train)), place),
  };
}

async function writeRows(
  part: 'train' | 'validation',
  cache: RowCache,
  { database, folder, index, signal }: WriteChosenOptions,
): Promise<BundleRows> {
  const file = fileOf(cache);
  const layout = { ...file.layout, groups: {} };
  const writer = new ShardFileWriter(database, layout, cache.meanWeight);
  const files: BundleRows['files'][number][] = [];
  const finish = async () => {
    const path = `chosen/${index}-${part}-${String(files.length).padStart(5, '0')}.parquet`;
    const rows = await writer.finish(join(folder, path));
    if (rows > 0) files.push({ path, rows });
  };
  let read = 0;
  for await (const columns of file.read(Array.from({ length: file.blocks }, (_, block) => [block]))) {
    signal?.throwIfAborted();
    const rows = Math.min(BLOCK_ROWS, file.rows - read);
    const all = Uint32Array.from({ length: rows }, (_, row) => row);
    await writer.append(all, (some, into, at) => copyRows(layout, { columns, rows: some }, into, at));
    read += rows;
    if (read % FILE_ROWS === 0) await finish();
  }
  await finish();
  return { rows: file.rows, files };
}

function fileOf(cache: RowCache) {
  const { path, layout, rows } = cache.stored();
  return new ColumnFile(path, layout, rows);
}
