import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRowOrder } from '../../lib/bundle/row-order.ts';
import { fitEncoder } from '../../lib/table/fit/fit-encoder.ts';
import { cacheRows } from '../../lib/training/rows/cache-rows.ts';
import { category, declare, LOG_DEFAULTS, openLog, workplace } from '../table/fixture.ts';

const place = workplace();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'row-order-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Rows of which each has an id of its own, in requests of which some are not numbered. */
const LOG = `SELECT i AS row, CASE WHEN i % 5 > 0 THEN i // 7 END AS request, i % 2 AS click, i % 4 // 3 AS conversion,
  ['train', 'test'][1 + (i % 3 = 0)::INTEGER] AS part FROM range(30000) t(i)`;

describe('the order of the training rows in a bundle', () => {
  it.each(['groups', 'rows'] as const)(
    'is that of the batches of training here, where %s are shuffled',
    async (shuffle) => {
      const { training } = declare([]);
      const declaration = declare([category('code', { column: 'row' })], {
        log: { ...LOG_DEFAULTS, group: 'request' },
        training: { ...training, shuffle },
      });
      const log = await openLog(place, await place.write(`${shuffle}.parquet`, LOG), declaration);
      const opened = { database: place.database, log, began: 0 };
      const fitted = await fitEncoder(place.database, log);
      const scratch = await mkdtemp(join(folder, 'scratch-'));
      const { train } = await cacheRows(opened, { ...fitted, propensitiesOf: [], scratch });
      const inLogOrder: number[] = [];
      for await (const { ids } of train.batches(1000)) inLogOrder.push(...(ids.code as Int32Array));

      const order = await readRowOrder(opened, fitted.encoder, { rows: train.rows, scratch, hasOrders: true });
      expect(order.rows).toBe(20_000);
      for (const epoch of [1, 2]) {
        const options = { seed: 3, epoch, shuffle };
        const positions: number[] = [];
        for await (const some of order.order(300, options)) positions.push(...some);
        const expected: number[] = [];
        for await (const { ids, shared, rows } of train.batches(300, options)) {
          const codes = ids.code as Int32Array;
          for (let row = 0; row < rows; row++) expected.push(codes[shared?.rows[row] ?? row] as number);
        }
        expect(positions.map((position) => inLogOrder[position])).toEqual(expected);
        expect(order.batchCount(300, options)).toBe(train.batchCount(300, options));
      }
    },
  );
});
