/** The order in which the rows of a bundle are trained on, as files. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleTraining } from './format.ts';
import type { RowOrder } from './row-order.ts';

/** Positions of rows that the orders of a training may have in all: 4 bytes each. */
const MOST_POSITIONS = 500_000_000;

/** How batches are drawn, and where the orders are written. */
export interface WriteOrdersOptions {
  readonly folder: string;
  /** What the names of the files begin with. */
  readonly prefix: string;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly shuffle: 'groups' | 'rows';
}

/** Whether a bundle has the orders of so many rows in so many epochs. */
export function hasOrders(rows: number, epochs: number): boolean {
  return rows * epochs <= MOST_POSITIONS;
}

/** Writes the order of the training rows of every epoch, unless they are too many. */
export async function writeOrders(
  order: RowOrder,
  { folder, prefix, batchSize, epochs, seed, shuffle }: WriteOrdersOptions,
): Promise<BundleTraining['orders']> {
  if (!hasOrders(order.rows, epochs)) return [];
  const orders: BundleTraining['orders'][number][] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const path = `order/${prefix}${String(epoch).padStart(3, '0')}.u32`;
    const runs: number[] = [];
    const file = await open(join(folder, path), 'wx');
    try {
      for await (const positions of order.order(batchSize, { seed, epoch, shuffle })) {
        runs.push(positions.length);
        await file.writeFile(new Uint8Array(positions.buffer));
      }
    } finally {
      await file.close();
    }
    orders.push({ path, runs });
  }
  return orders;
}
