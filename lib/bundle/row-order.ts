/** The order of the training rows in each epoch, as training here would have it, without the rows themselves. */
import { join } from 'node:path';
import { readGroups } from '../table/encode/row-groups.ts';
import type { Encoder } from '../table/encoder.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { cacheSpec } from '../training/rows/cache-rows.ts';
import { BLOCK_ROWS, bytesOfRow, type ColumnFile, type FileLayout } from '../training/rows/column-file.ts';
import { ColumnFileWriter } from '../training/rows/column-file-writer.ts';
import { GROUP, layoutOf } from '../training/rows/row-cache.ts';
import {
  type BatchOrder,
  batchCount,
  type RowExtent,
  rowWindows,
  windowOrder,
  windowPositions,
} from '../training/rows/row-windows.ts';
import type { CacheGroup } from '../training/rows/window.ts';

/** Rows with their groups, and perhaps other columns. */
type Groups = Pick<ColumnFile<CacheGroup> | ColumnFile<'groups'>, 'read'>;

const GROUPS: FileLayout<'groups'> = { groups: { [GROUP]: 1 } };

/** The order of rows of which only the number, the size and the groups are known. */
export class RowOrder {
  readonly #extent: RowExtent;
  readonly #groups: Groups | null;

  constructor(extent: RowExtent, groups: Groups | null) {
    this.#extent = extent;
    this.#groups = groups;
  }

  /** The order of rows that are in a file. */
  static of(file: ColumnFile<CacheGroup>): RowOrder {
    return new RowOrder(file, GROUP in file.layout.groups ? file : null);
  }

  get rows(): number {
    return this.#extent.rows;
  }

  batchCount(batchSize: number, order?: BatchOrder): number {
    return batchCount(this.#extent, batchSize, order);
  }

  /**
   * Returns the positions of the rows in an order, window by window: a batch is made of rows of one window. Those of the
   * first batch of a window are the first ones, and so on.
   */
  async *order(batchSize: number, order: BatchOrder): AsyncGenerator<Uint32Array> {
    const windows = rowWindows(this.#extent, batchSize, order);
    const reader = this.#groups?.read(windows.map(({ blocks }) => blocks));
    try {
      for (const window of windows) {
        const read = await reader?.next();
        const groups = read === undefined || read.done ? undefined : read.value.groups[GROUP];
        const positions = windowPositions(this.#extent, window);
        yield windowOrder(window, groups, order, batchSize).map((place) => positions[place] as number);
      }
    } finally {
      await reader?.return(undefined);
    }
  }
}

interface ReadOrderOptions {
  /** Number of training rows. */
  readonly rows: number;
  readonly scratch: string;
  /** Whether an order will be asked for, or only the number of batches. */
  readonly hasOrders: boolean;
}

/** Reads what the order of the training rows depends on. The groups go to the scratch disk. */
export async function readRowOrder(
  { database, log }: OpenedLog,
  { inputs }: Encoder,
  { rows, scratch, hasOrders }: ReadOrderOptions,
): Promise<RowOrder> {
  const spec = cacheSpec(log.declaration, inputs);
  const extent = { rows, rowBytes: bytesOfRow(layoutOf(spec)) };
  if (!spec.hasGroups || !hasOrders) return new RowOrder(extent, null);
  const writer = await ColumnFileWriter.create(join(scratch, 'groups.rows'), GROUPS);
  try {
    for await (const groups of readGroups(database, log, 'train', BLOCK_ROWS))
      await writer.append(Uint32Array.from(groups.keys()), (some, { groups: { [GROUP]: into } }, at) => {
        // The low 32 bits of the hash, as in a cache of the rows.
        for (const [i, row] of some.entries()) if (into !== undefined) into[at + i] = groups[row] as number;
      });
    return new RowOrder(extent, await writer.finish());
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
