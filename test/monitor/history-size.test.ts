import { afterAll, expect, it } from 'vitest';
import { type DayRecord, historyText } from '../../lib/monitor/history.ts';
import { makeWorld, type World } from './world.ts';

let world: World | undefined;
afterAll(() => world?.remove());

it('keeps a year of days of thirty features, scored in files and online, in less than 5 MB', async () => {
  world = await makeWorld(2000, 1);
  const { history } = await world.run(4);
  const [day] = history.days;
  const [[version, scored] = []] = Object.entries(day?.versions ?? {});
  if (day === undefined || version === undefined || scored === undefined) throw new Error('no day');
  // Sums of as many digits as they are kept with.
  const feature = {
    rows: 12_345_678,
    missing: 1_234_567,
    values: 11_111_111,
    unknown: 123_456,
    usual: { missing: 0.1 / 3, unknown: 0.2 / 3 },
  };
  const features = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`feature_${index}`, feature]));
  const online = { requests: 1e6, counted: { requests: 1e5, rows: 1e7 }, outputs: scored.outputs ?? {} };
  const { rowsIn, rejected, lastAt } = scored;
  const full: DayRecord = {
    ...day,
    versions: { [version]: { ...scored, features } },
    online: { [version]: { ...online, rowsIn, scored: rowsIn, rejected, lastAt, features } },
  };
  const year = historyText({ ...history, days: new Array(365).fill(full) });
  expect(year.length).toBeGreaterThan(1e6);
  expect(year.length).toBeLessThan(5e6);
});
