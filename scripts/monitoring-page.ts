/**
 * Writes the monitoring page of a shop whose conversions halve on the 14th day, and that also scores requests, for the
 * picture in docs/monitoring.md.
 *
 *     npx tsx scripts/monitoring-page.ts page.html
 *
 * The picture is its beginning in Chromium, 720 pixels wide, light: docs/monitoring.png.
 */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onlineKey } from '../lib/contract/bucket.ts';
import { emptyOnlineRecord } from '../lib/monitor/online/record.ts';
import { recordText } from '../lib/store/records.ts';
import { statisticsOf } from '../lib/table/candidates/score-statistics.ts';
import { dayText, makeWorld, VERSIONS } from '../test/monitor/world.ts';

const ROWS = 5_000;
const DAYS = 16;
const FAULT = 13;

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('expected the path of the page');
const world = await makeWorld(ROWS, 1, { conversions: (day) => (day >= FAULT ? 0.5 : 1) });
try {
  for (let day = 0; day < DAYS; day++) {
    const requests = 9_000 + 300 * (day % 7);
    const rows = 100 * requests;
    const sums = {
      requests,
      rowsIn: rows,
      scored: rows - 40,
      rejected: 40,
      counted: { requests: 1_000, rows: 100_000 },
      features: {},
      outputs: statisticsOf({ pctr: new Float32Array(1_000).fill(0.11), pctcvr: new Float32Array(1_000).fill(0.024) }),
      lastAt: `${dayText(day)}T23:59:59.000Z`,
    };
    const record = { ...emptyOnlineRecord('shop', dayText(day)), versions: { [VERSIONS[0]]: sums } };
    await world.store.put(onlineKey('shop', dayText(day), 0), recordText(record));
  }
  await world.run(DAYS - 2);
  const { verdict } = await world.run(DAYS - 1);
  await copyFile(join(world.folder, 'bucket/monitoring/shop/index.html'), path);
  console.log(`${verdict.level}: ${verdict.reason}`);
} finally {
  await world.remove();
}
